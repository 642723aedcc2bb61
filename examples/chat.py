"""An answer from a model of Anthropic's through OpenAI's client, and what it cost."""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("GAMMA_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ["GAMMA_KEY"],
)
raw = client.chat.completions.with_raw_response.create(
    model="anthropic/claude-sonnet-4-5",
    messages=[{"role": "user", "content": "Name three rivers."}],
)
print(raw.parse().choices[0].message.content)
print("answered by", raw.headers["x-gamma-deployment"], "for", raw.headers["x-gamma-cost-usd"], "dollars")
