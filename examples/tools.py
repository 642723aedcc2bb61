"""A tool call and its result: OpenAI's dialect, a model of Google's."""

import json
import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("GAMMA_URL", "http://127.0.0.1:8000") + "/v1",
    api_key=os.environ["GAMMA_KEY"],
)
tools = [
    {
        "type": "function",
        "function": {
            "name": "temperature",
            "description": "The temperature of a city in degrees Celsius.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]
messages = [{"role": "user", "content": "How warm is it in Oslo?"}]
asked = client.chat.completions.create(model="gemini/gemini-2.5-flash", messages=messages, tools=tools)
answer = asked.choices[0].message
messages.append(answer.model_dump(exclude_none=True))
for call in answer.tool_calls or []:
    print("the model asks for", call.function.name, json.loads(call.function.arguments))
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "4"})
told = client.chat.completions.create(model="gemini/gemini-2.5-flash", messages=messages, tools=tools)
print(told.choices[0].message.content)
