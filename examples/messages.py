"""Anthropic's client on a model of OpenAI's."""

import os

from anthropic import Anthropic

client = Anthropic(
    base_url=os.environ.get("GAMMA_URL", "http://127.0.0.1:8000"),
    api_key=os.environ["GAMMA_KEY"],
)
counted = client.messages.count_tokens(
    model="openai/gpt-4o-mini",
    messages=[{"role": "user", "content": "Name three rivers."}],
)
print("about", counted.input_tokens, "tokens to read")
with client.messages.stream(
    model="openai/gpt-4o-mini",
    max_tokens=200,
    messages=[{"role": "user", "content": "Name three rivers."}],
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
print()
