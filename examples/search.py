"""Embeddings through OpenAI's client, rerank through plain HTTP."""

import json
import os
import urllib.request

from openai import OpenAI

url, key = os.environ.get("GAMMA_URL", "http://127.0.0.1:8000"), os.environ["GAMMA_KEY"]
texts = ["dogs bark", "cats purr", "rivers flow"]

client = OpenAI(base_url=url + "/v1", api_key=key)
vectors = client.embeddings.create(model="voyage/voyage-3.5", input=texts).data
print(len(vectors), "vectors of", len(vectors[0].embedding), "numbers")

request = urllib.request.Request(
    url + "/v1/rerank",
    data=json.dumps({"model": "cohere/rerank-v3.5", "query": "cats", "documents": texts, "top_n": 1}).encode(),
    headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
)
with urllib.request.urlopen(request) as answer:
    best = json.load(answer)["results"][0]
print("best:", texts[best["index"]], best["relevance_score"])
