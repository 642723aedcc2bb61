"""Google's client on a model of Mistral's."""

import os

from google import genai

client = genai.Client(
    api_key=os.environ["GAMMA_KEY"],
    http_options={"base_url": os.environ.get("GAMMA_URL", "http://127.0.0.1:8000")},
)
answer = client.models.generate_content(model="mistral/mistral-small-latest", contents="Name three rivers.")
print(answer.text)
