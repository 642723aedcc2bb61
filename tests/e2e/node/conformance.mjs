// OpenAI's official client for Node against a gateway: `node conformance.mjs URL KEY MODEL...`; one line of JSON per case.

import assert from "node:assert/strict";
import OpenAI from "openai";

const [url, key, ...models] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 20_000 });
const messages = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Say something about rivers." },
];
const parameters = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather.", parameters } }];
const gauge = {
  type: "object",
  properties: { harbour: { type: "string" }, metres: { type: "number" } },
  required: ["harbour", "metres"],
  additionalProperties: false,
};

const perModel = {
  async chat(model) {
    const { data, response, request_id } = await client.chat.completions.create({ model, messages }).withResponse();
    assert.ok(data.choices[0].message.content);
    assert.equal(data.choices[0].finish_reason, "stop");
    assert.equal(data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
    assert.equal(response.headers.get("x-gamma-deployment"), model);
    assert.ok(request_id);
  },
  async stream(model) {
    const stream_options = { include_usage: true };
    const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options });
    let text = "";
    let usage = null;
    const finishes = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta?.content ?? "";
      if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    assert.ok(text);
    assert.deepEqual(finishes, ["stop"]);
    assert.ok(usage.completion_tokens > 0);
  },
  async "stream through the helper"(model) {
    let heard = "";
    const runner = client.chat.completions.stream({ model, messages }).on("content", (delta) => (heard += delta));
    const final = await runner.finalChatCompletion();
    assert.equal(final.choices[0].message.content, heard);
  },
  async "a stream that the caller leaves"(model) {
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    for await (const chunk of stream) {
      assert.ok(chunk.id);
      break;
    }
  },
  async "tools, whole"(model) {
    const first = await client.chat.completions.create({ model, messages, tools });
    const { message, finish_reason } = first.choices[0];
    assert.equal(finish_reason, "tool_calls");
    assert.ok(JSON.parse(message.tool_calls[0].function.arguments).city);
    const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "12 degrees" };
    const second = await client.chat.completions.create({ model, messages: [...messages, message, result], tools });
    assert.ok(second.choices[0].message.content);
  },
  async "tools, by the runner, streamed"(model) {
    const asked = [];
    const runnable = {
      type: "function",
      function: {
        name: "get_weather",
        description: "The weather.",
        parameters,
        parse: JSON.parse,
        function: (wanted) => {
          asked.push(wanted);
          return "mild";
        },
      },
    };
    const runner = client.chat.completions.runTools({ model, messages, tools: [runnable], stream: true });
    assert.ok(await runner.finalContent());
    assert.equal(asked.length, 1);
    assert.ok(asked[0].city);
  },
  async "structured output"(model) {
    const response_format = { type: "json_schema", json_schema: { name: "gauge", schema: gauge, strict: true } };
    const answer = await client.chat.completions.parse({ model, messages, response_format });
    const value = answer.choices[0].message.parsed;
    assert.equal(typeof value.harbour, "string");
    assert.equal(typeof value.metres, "number");
  },
};

const once = {
  async embeddings() {
    const model = "openai/text-embedding-3-small";
    const coded = await client.embeddings.create({ model, input: ["one", "two"] });
    const plain = await client.embeddings.create({ model, input: ["one", "two"], encoding_format: "float" });
    for (const [index, item] of coded.data.entries()) {
      assert.equal(item.embedding.length, plain.data[index].embedding.length);
      assert.ok(Math.abs(item.embedding[0] - plain.data[index].embedding[0]) < 1e-6);
    }
  },
  async models() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.includes(models[0]));
    assert.equal((await client.models.retrieve(models[0])).id, models[0]);
  },
  async "a wrong key"() {
    const wrong = client.withOptions({ apiKey: "sk-wrong" });
    await assert.rejects(wrong.models.list(), OpenAI.AuthenticationError);
  },
  async "an unknown model"() {
    await assert.rejects(client.chat.completions.create({ model: "nobody", messages }), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.equal(error.code, "caller_unknown_model");
      assert.equal(error.param, "model");
      assert.ok(error.requestID);
      return true;
    });
  },
  async "a bad type"() {
    const wrong = { model: models[0], messages, temperature: "hot" };
    await assert.rejects(client.chat.completions.create(wrong), OpenAI.BadRequestError);
  },
  async "a rate limit"() {
    await assert.rejects(client.chat.completions.create({ model: "limited", messages }), OpenAI.RateLimitError);
  },
  async "no retry of what was retried"() {
    const eager = client.withOptions({ maxRetries: 3 });
    const began = performance.now();
    await assert.rejects(eager.chat.completions.create({ model: "tried-twice", messages }), (error) => {
      assert.equal(error.headers.get("x-should-retry"), "false");
      return error instanceof OpenAI.InternalServerError;
    });
    assert.ok(performance.now() - began < 5000);
  },
  async "a stream that is cut"() {
    const stream = await client.chat.completions.create({ model: "cut", messages, stream: true });
    await assert.rejects(async () => {
      for await (const chunk of stream) assert.ok(chunk.id);
    }, OpenAI.APIError);
  },
  async "the client's own timeout"() {
    const call = client.chat.completions.create({ model: "slow", messages }, { timeout: 300 });
    await assert.rejects(call, OpenAI.APIConnectionTimeoutError);
  },
};

async function report(name, run) {
  let error = null;
  try {
    await run();
  } catch (found) {
    error = String(found?.stack ?? found);
  }
  console.log(JSON.stringify({ name, error }));
}

for (const model of models) {
  for (const [name, run] of Object.entries(perModel)) await report(`${model}: ${name}`, () => run(model));
}
for (const [name, run] of Object.entries(once)) await report(name, run);
