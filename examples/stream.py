"""A stream. A stream that fails raises an error in the client; one that is whole has a finish reason."""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("GAMMA_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ["GAMMA_KEY"],
)
stream = client.chat.completions.create(
    model="groq/llama-3.3-70b-versatile",
    messages=[{"role": "user", "content": "Tell a short story."}],
    stream=True,
)
finish = None
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
        finish = choice.finish_reason or finish
print(f"\n[{finish}]")
