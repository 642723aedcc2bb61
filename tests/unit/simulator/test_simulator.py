"""The simulator keeps its promises: seeded, schema-true, within its distributions."""

from __future__ import annotations

import json
import random
from statistics import median
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gamma.simulator.faults import Faults, SimulatedError
from gamma.simulator.scenario import Behaviour, Latency, Scenario, parse
from gamma.simulator.schema import example
from gamma.simulator.writer import Writer, pieces
from gamma.types.chat import ChatRequest, Message, ResponseFormat, Text, Tool, ToolCall, ToolChoice, ToolResult

SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 12}, "n": {"type": "integer"}},
        "required": ["n"],
    },
    {"type": "array", "items": {"type": "number", "minimum": 3, "maximum": 4}, "minItems": 3},
    {"enum": ["a", 2, None]},
    {"const": {"x": 1}},
    {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
    {"type": ["string", "null"], "maxLength": 3},
    {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
    {"type": "integer", "minimum": 10, "multipleOf": 7},
    {"type": "string", "format": "date-time"},
    {
        "$ref": "#/$defs/p",
        "$defs": {"p": {"type": "object", "properties": {"q": {"$ref": "#/$defs/q"}}}, "q": {"type": "null"}},
    },
    {"allOf": [{"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"properties": {"b": {"type": "integer"}}}]},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
    {"$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}, "type": "object"}}, "$ref": "#/$defs/node"},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_examples_satisfy_their_schema(schema: dict[str, Any]) -> None:
    for seed in range(20):
        value = example(schema, random.Random(seed))
        assert jsonschema_rs.is_valid(schema, value), value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: st.dictionaries(st.text(max_size=6), inner))
)
def test_strange_schemas_never_break_it(schema: Any) -> None:
    example(schema if isinstance(schema, dict) else None, random.Random(1))


def ask(**more: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=(Message("user", (Text("hi"),)),), **more)


def test_the_same_seed_writes_the_same_answer() -> None:
    first, second = (Writer(random.Random(3), 30).answer(ask(), 1) for _ in range(2))
    assert first == second


def test_texts_respect_bounds_and_stops() -> None:
    writer = Writer(random.Random(3), 50)
    short = writer.answer(ask(max_tokens=5), 1)
    stopped = writer.answer(ask(stop=(".",)), 2).choices[0]
    assert short.choices[0].finish == "length"
    assert short.usage is not None
    assert short.usage.output_tokens <= 5
    assert stopped.stop_sequence == "."
    assert isinstance(stopped.parts[0], Text)
    assert "." not in stopped.parts[0].text


def test_a_tool_is_called_until_its_result_is_there() -> None:
    tool = Tool(name="f", parameters={"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]})
    writer = Writer(random.Random(3), 20)
    call = writer.answer(ask(tools=(tool,)), 1).choices[0]
    assert call.finish == "tool_calls"
    assert isinstance(call.parts[0], ToolCall)
    results = Message("tool", (ToolResult(call_id="c", parts=(Text("4"),)),))
    done = writer.answer(ChatRequest(model="m", messages=(results,), tools=(tool,)), 2).choices[0]
    never = writer.answer(ask(tools=(tool,), tool_choice=ToolChoice(mode="none")), 3).choices[0]
    assert (done.finish, never.finish) == ("stop", "stop")


def test_structured_output_satisfies_the_schema() -> None:
    schema = SCHEMAS[0]
    wanted = ResponseFormat(kind="json_schema", name="x", schema=schema)
    text = Writer(random.Random(3), 20).answer(ask(response_format=wanted), 1).choices[0].parts[0]
    assert isinstance(text, Text)
    assert jsonschema_rs.is_valid(schema, json.loads(text.text))


def test_pieces_join_to_the_text() -> None:
    assert "".join(pieces("a  b c ")) == "a  b c "


def test_latencies_follow_their_median_and_percentile() -> None:
    rng, latency = random.Random(5), Latency(100, 400)
    drawn = sorted(latency.draw_s(rng) for _ in range(4000))
    assert 0.09 < median(drawn) < 0.11
    assert 0.35 < drawn[3800] < 0.45


def test_error_rates_hold() -> None:
    faults = Faults(Behaviour(error_rate=0.25), random.Random(5))
    statuses = []
    for _ in range(2000):
        try:
            faults.admit()
        except SimulatedError as error:
            statuses.append(error.status)
    assert 430 < len(statuses) < 570
    assert set(statuses) == {429, 500, 503}


def test_rate_limits_count_down_and_then_refuse_with_a_wait() -> None:
    faults = Faults(Behaviour(requests_per_minute=2), random.Random(5))
    assert (b"x-ratelimit-remaining-requests", b"1") in faults.admit()
    assert (b"x-ratelimit-remaining-requests", b"0") in faults.admit()
    with pytest.raises(SimulatedError) as refused:
        faults.admit()
    assert refused.value.status == 429
    assert refused.value.retry_after_s is not None
    assert 0 < refused.value.retry_after_s <= 60


def test_a_provider_differs_only_where_the_scenario_says() -> None:
    scenario = parse({"default": {"output_tokens": 7}, "providers": {"groq": {"error_rate": 1.0}}})
    assert scenario.behaviour("groq") == Behaviour(output_tokens=7, error_rate=1.0)
    assert scenario.behaviour("openai") == Behaviour(output_tokens=7)


@pytest.mark.parametrize("wrong", [{"sed": 1}, {"default": {"error_rate": 2}}, {"providers": {"groq": {"x": 1}}}])
def test_a_wrong_scenario_names_its_key(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"sed|error_rate|x"):
        parse(wrong)


def test_a_scenario_has_defaults() -> None:
    assert parse({}) == Scenario()
