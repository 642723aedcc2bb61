"""InvokeModel: the model's id decides the body, an answer's shape says whose it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gamma.errors import (
    InvalidRequest,
    MissingField,
    ProviderMalformed,
    ProviderOverloaded,
    ProviderRateLimited,
    ProviderStreamCut,
    UnsupportedParameter,
)
from gamma.transport.eventstream import EventstreamDecoder, encode
from gamma.types.chat import ChatRequest, ChatResponse, Choice, Media, Message, ResponseFormat, Text, Tool
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Target, Traits
from gamma.wire.bedrock_invoke import BedrockInvoke
from gamma.wire.events import Event, Failed

WIRE, TRAITS = BedrockInvoke(), Traits()
TALK = (
    Message("system", (Text("Be brief."),)),
    Message("user", (Text("A?"),)),
    Message("assistant", (Text("B."),)),
    Message("user", (Text("C?"),)),
)
MODELS = (
    "eu.anthropic.claude-sonnet-4-v1:0", "anthropic.claude-v2:1", "meta.llama2-13b-chat-v1", "meta.llama3-3-70b-v1:0",
    "ai21.j2-mid-v1", "ai21.jamba-1-5-mini-v1:0", "cohere.command-text-v14", "cohere.command-r-v1:0",
    "amazon.titan-text-express-v1", "us.amazon.nova-pro-v1:0", "mistral.mistral-7b-instruct-v0:2",
    "mistral.mistral-large-2407-v1:0", "openai.gpt-oss-20b-1:0", "us.deepseek.r1-v1:0",
)  # fmt: skip  # ids read better in rows


def asked(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(model="m", dialect="openai_chat", messages=messages or TALK, **fields)


def sent(model: str, request: ChatRequest | None = None) -> dict[str, Any]:
    return WIRE.render_request(request or asked(), Target(model=model))


def style_of(model: str) -> Style:
    return Style(model="public", id="unique", created=1, request=ChatRequest(model=model, messages=()))


def read(*chunks: dict[str, Any]) -> list[Event]:
    parser = WIRE.event_parser(TRAITS)
    found: list[Event] = []
    for chunk in chunks:
        payload = {"bytes": base64.b64encode(json.dumps(chunk).encode()).decode(), "p": "abcd"}
        found.extend(parser.parse_event(Frame(json.dumps(payload).encode(), "chunk")))
    return [*found, *parser.parse_end()]


@pytest.mark.parametrize("model", MODELS)
def test_a_conversation_and_its_bound_reach_every_family(model: str):
    body = sent(model, asked(max_tokens=77, temperature=0.5))
    text = json.dumps(body)
    assert all(said in text for said in ("Be brief.", "A?", "B.", "C?", "77", "0.5"))
    assert not body.keys() & {"model", "stream"}


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("anthropic.claude-v2", "Be brief.\n\nHuman: A?\n\nAssistant: B.\n\nHuman: C?\n\nAssistant:"),
        ("meta.llama2-13b", "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nA? [/INST] B. </s><s>[INST] C? [/INST]"),
        ("mistral.mistral-7b", "<s>[INST] Be brief.\n\nA? [/INST] B.</s>[INST] C? [/INST]"),
        ("ai21.j2-mid", "Be brief.\n\nUser: A?\n\nAssistant: B.\n\nUser: C?\n\nAssistant:"),
    ],
)
def test_prompts_follow_the_familys_template(model: str, prompt: str):
    assert sent(model)["prompt"] == prompt


def test_llama_3_has_header_tokens():
    prompt = sent("meta.llama3-8b", asked(Message("user", (Text("A?"),))))["prompt"]
    assert prompt == (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nA?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n"
    )


@pytest.mark.parametrize("model", ["meta.llama3-8b", "meta.llama2-13b", "mistral.mistral-7b", "anthropic.claude-v2"])
def test_a_callers_own_prompt_is_sent_as_it_came(model: str):
    request = WIRE.parse_request({"prompt": "<odd>[INST] x", "temperature": 0.1}, model=model)
    assert sent(model, request) == {"prompt": "<odd>[INST] x", "temperature": 0.1}


def test_what_is_left_of_inner_objects_is_kept():
    body = {"inputText": "x", "textGenerationConfig": {"maxTokenCount": 5, "newField": 1}, "other": 2}
    request = WIRE.parse_request(body, model="amazon.titan-text-lite-v1")
    assert request.max_tokens == 5
    assert sent("amazon.titan-text-lite-v1", request) == body


def test_claude_gets_a_version_and_no_fields_of_the_path():
    request = asked(user="u", service_tier="default", stream=True)
    body = sent("anthropic.claude-sonnet-4", request)
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert not body.keys() & {"metadata", "service_tier", "model", "stream"}


def test_claudes_beta_flags_stay_in_the_body():
    asked_body = {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["x"],
        "max_tokens": 5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}],
    }
    request = WIRE.parse_request(asked_body, model="anthropic.claude-sonnet-4")
    assert sent("anthropic.claude-sonnet-4", request) == asked_body


def test_addresses_are_refused_to_claude():
    with pytest.raises(UnsupportedParameter):
        sent("anthropic.claude-sonnet-4", asked(Message("user", (Media(kind="image", url="https://x.example/a.png"),))))


def test_nova_asks_for_a_schema_with_a_tool():
    wanted = ResponseFormat(kind="json_schema", name="n", schema={"type": "object"})
    assert "toolConfig" in sent("amazon.nova-lite-v1:0", asked(response_format=wanted))


@pytest.mark.parametrize("model", ["meta.llama3-8b", "amazon.titan-text-x", "cohere.command-text-v14"])
def test_prompts_have_no_place_for_tools_or_pictures(model: str):
    with pytest.raises(UnsupportedParameter):
        sent(model, asked(tools=(Tool(name="f"),)))
    with pytest.raises(UnsupportedParameter):
        sent(model, asked(Message("user", (Text("x"), Media(kind="image", data="QQ==")))))


def test_nothing_said_is_the_callers_mistake():
    with pytest.raises(InvalidRequest):
        sent("meta.llama3-8b", asked(Message("user", (Text(""),))))


def test_a_model_must_be_named():
    with pytest.raises(MissingField):
        WIRE.parse_request({"prompt": "x"})


@pytest.mark.parametrize(
    ("body", "text", "finish", "usage"),
    [
        ({"outputs": [{"text": "x", "stop_reason": "length"}]}, "x", "length", None),
        ({"completion": "x", "stop_reason": "max_tokens"}, "x", "length", None),
        (
            {"choices": [{"message": {"role": "assistant", "content": "x"}, "stop_reason": "length"}]},
            "x",
            "length",
            None,
        ),
        (
            {"choices": [{"text": "x", "finish_reason": "length"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
            "x",
            "length",
            Usage(input_tokens=1, output_tokens=2),
        ),
        (
            {
                "output": {"message": {"role": "assistant", "content": [{"text": "x"}]}},
                "stopReason": "max_tokens",
                "usage": {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokenCount": 4},
            },
            "x",
            "length",
            Usage(input_tokens=5, output_tokens=2, cache_read_tokens=4),
        ),
    ],
)
def test_an_answers_shape_says_whose_it_is(body: dict[str, Any], text: str, finish: str, usage: Usage | None):
    answer = WIRE.parse_response(json.dumps(body).encode(), TRAITS)
    assert (answer.choices[0].parts, answer.choices[0].finish, answer.usage) == ((Text(text),), finish, usage)


def test_an_answer_of_no_family_is_malformed_and_a_message_an_error():
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(b'{"odd": 1}', TRAITS)
    with pytest.raises(Exception, match="throttled"):
        WIRE.parse_response(b'{"message": "throttled"}', TRAITS)


@pytest.mark.parametrize("model", MODELS)
def test_every_family_writes_what_it_reads(model: str):
    usage = Usage(input_tokens=3, output_tokens=2)
    response = ChatResponse(choices=(Choice(parts=(Text("Hällo"),), finish="length"),), usage=usage)
    body = json.dumps(WIRE.render_response(response, style_of(model))).encode()
    renderer = WIRE.event_renderer(style_of(model))
    stream = b"".join(renderer.render_event(e) for e in replay(response)) + renderer.render_end()
    parser = WIRE.event_parser(TRAITS)
    frames = list(EventstreamDecoder().feed(stream))
    streamed = collect([*(e for f in frames for e in parser.parse_event(f)), *parser.parse_end()])
    assert {frame.event for frame in frames} == {"chunk"}
    for answer in (WIRE.parse_response(body, TRAITS), streamed):
        assert (answer.choices[0].parts, answer.choices[0].finish, answer.usage) == ((Text("Hällo"),), "length", usage)


@pytest.mark.parametrize("model", MODELS)
def test_a_failed_stream_ends_with_an_exception(model: str):
    renderer = WIRE.event_renderer(style_of(model))
    stream = b"".join(
        renderer.render_event(e) for e in list(replay(ChatResponse(choices=(Choice(parts=(Text("a"),)),))))[:2]
    )
    stream += renderer.render_error(ProviderOverloaded("out of breath"))
    assert list(EventstreamDecoder().feed(stream))[-1].kind == "exception"


def test_bedrocks_own_counts_serve_families_that_count_nothing():
    metrics = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 4, "outputTokenCount": 9}}
    answer = collect(
        read({"is_finished": False, "text": "a"}, {"is_finished": True, "finish_reason": "COMPLETE", **metrics})
    )
    assert answer.usage == Usage(input_tokens=4, output_tokens=9)


def test_an_exception_in_the_stream_is_a_failure_and_nothing_follows():
    parser = WIRE.event_parser(TRAITS)
    (frame,) = EventstreamDecoder().feed(encode("throttlingException", b'{"message":"slow down"}', "exception"))
    (failed,) = parser.parse_event(frame)
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, ProviderRateLimited)
    assert list(parser.parse_end()) == []


@pytest.mark.parametrize("chunks", [[], [{"generation": "a", "stop_reason": None}], [{"outputText": "a"}]])
def test_a_stream_without_its_end_is_cut(chunks: list[dict[str, Any]]):
    last = read(*chunks)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, ProviderStreamCut)


@pytest.mark.parametrize(
    "payload", [b"{}", b'{"bytes": "!"}', b'{"bytes": "e30="}', b'{"bytes": "W10="}', b'{"bytes": "ew=="}']
)
def test_a_chunk_of_no_family_is_malformed(payload: bytes):
    with pytest.raises(ProviderMalformed):
        list(WIRE.event_parser(TRAITS).parse_event(Frame(payload, "chunk")))
