"""OpenAI's legacy completions, both sides."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types import Completion

from gamma.errors import (
    GammaError,
    InvalidRequest,
    InvalidType,
    MissingField,
    ProviderMalformed,
    ProviderRateLimited,
    ProviderStreamCut,
    UnsupportedParameter,
)
from gamma.transport.sse import SseDecoder
from gamma.types.chat import ChatRequest, ChatResponse, Choice, Message, Text, TokenLogprob, Tool, ToolCall
from gamma.types.frame import Frame
from gamma.types.usage import Usage
from gamma.wire.base import Style, Target, Traits
from gamma.wire.events import Ended, Event, Failed, Finished, ReasoningDelta, Started, TextDelta, UsageReported
from gamma.wire.openai_chat import OpenaiChat
from gamma.wire.openai_completions import OpenaiCompletions

WIRE = OpenaiCompletions()
STYLE = Style(model="public", id="unique", created=9)
TARGET = Target(model="upstream")
DONE = Frame(b"[DONE]")


def parse(**fields: Any) -> ChatRequest:
    return WIRE.parse_request({"model": "m", "prompt": "Once", **fields})


def frame(text: str = "", finish: str | None = None, **fields: Any) -> Frame:
    choice = {"index": 0, "text": text, "finish_reason": finish}
    return Frame(msgspec.json.encode({"id": "x", "model": "m", "created": 5, "choices": [choice], **fields}))


def events(*frames: Frame) -> list[Event]:
    parser = WIRE.event_parser(Traits())
    return [*(e for f in frames for e in parser.parse_event(f)), *parser.parse_end()]


@pytest.mark.parametrize("prompt", ["Once", ["Once"]])
def test_a_prompt_is_one_user_message(prompt: object):
    assert parse(prompt=prompt).messages == (Message("user", (Text("Once"),)),)


@pytest.mark.parametrize(
    ("fields", "error", "param"),
    [
        ({"prompt": None}, MissingField, "prompt"),
        ({"prompt": ["a", "b"]}, InvalidRequest, "prompt"),
        ({"prompt": [[1], [2]]}, InvalidRequest, "prompt"),
        ({"prompt": {"a": 1}}, InvalidType, "prompt"),
        ({"prompt": []}, InvalidType, "prompt"),
        ({"prompt": [1, "a"]}, InvalidType, "prompt"),
        ({"model": None}, MissingField, "model"),
        ({"max_tokens": -1}, InvalidType, "max_tokens"),
        ({"logprobs": "many"}, InvalidType, "logprobs"),
    ],
)
def test_a_callers_mistake_names_its_field(fields: dict[str, Any], error: type[Exception], param: str):
    with pytest.raises(error) as caught:
        parse(**fields)
    assert caught.value.param == param  # type: ignore[attr-defined]  # every CallerError has it


@pytest.mark.parametrize("prompt", [[1, 2], [[1, 2]]])
def test_token_ids_reach_their_own_dialect_only(prompt: list[Any]):
    request = parse(prompt=prompt)
    assert WIRE.render_request(request, TARGET)["prompt"] == prompt
    with pytest.raises(UnsupportedParameter) as caught:
        OpenaiChat().render_request(request, TARGET)
    assert caught.value.param == "prompt"


def test_a_request_written_again_means_the_same():
    body = {
        "prompt": "Once",
        "suffix": "end",
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "n": 2,
        "stop": ["."],
        "seed": 3,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "logit_bias": {"5": 1},
        "logprobs": 2,
        "user": "u",
        "echo": True,
        "best_of": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert WIRE.render_request(parse(**body), TARGET) == {"model": "upstream", **body}


def test_values_that_ask_for_nothing_reach_chat_models():
    request = parse(echo=False, best_of=1, n=1, logprobs=None, logit_bias={}, suffix="")
    assert OpenaiChat().render_request(request, TARGET) == {
        "model": "upstream",
        "messages": [{"role": "user", "content": "Once"}],
        "n": 1,
    }


def test_a_suffix_is_refused_where_there_is_no_gap_to_fill():
    with pytest.raises(UnsupportedParameter) as caught:
        OpenaiChat().render_request(parse(suffix="end"), TARGET)
    assert caught.value.param == "suffix"


def test_a_conversation_becomes_a_transcript():
    request = ChatRequest(
        model="m",
        dialect="openai_chat",
        messages=(
            Message("system", (Text("Be brief."),)),
            Message("user", (Text("Hi"),)),
            Message("assistant", (Text("Yes?"),)),
            Message("user", (Text("Bye"),)),
        ),
    )
    prompt = WIRE.render_request(request, TARGET)["prompt"]
    assert prompt == "System: Be brief.\n\nUser: Hi\n\nAssistant: Yes?\n\nUser: Bye\n\nAssistant:"


def test_tools_are_refused():
    message = Message("user", (Text("x"),))
    with pytest.raises(UnsupportedParameter):
        WIRE.render_request(ChatRequest(model="m", messages=(message,), tools=(Tool(name="f"),)), TARGET)
    called = (message, Message("assistant", (ToolCall(id="c", name="f"),)))
    with pytest.raises(UnsupportedParameter) as caught:
        WIRE.render_request(ChatRequest(model="m", messages=called), TARGET)
    assert caught.value.param == "messages[1].content"


def test_a_whole_answer_is_read():
    columns = {
        "tokens": ["a", "b"],
        "token_logprobs": [None, -1.0],
        "top_logprobs": [None, {"c": -2.0}],
        "text_offset": [0, 1],
    }
    choice = {"text": "ab", "index": 0, "finish_reason": "length", "logprobs": columns}
    data = msgspec.json.encode({"id": "x", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    answer = WIRE.parse_response(data, Traits())
    (found,) = answer.choices
    assert found.parts == (Text("ab"),)
    assert found.finish == "length"
    assert found.logprobs is not None
    assert found.logprobs[1].top == (TokenLogprob(token="c", logprob=-2.0),)
    assert answer.usage == WIRE.parse_usage(data, Traits()) == Usage(input_tokens=3, output_tokens=2)


@pytest.mark.parametrize("data", [b"{}", b'{"choices":[]}', b"[]", b"oops"])
def test_what_is_no_answer_is_malformed(data: bytes):
    for read in (WIRE.parse_response, WIRE.parse_usage):
        with pytest.raises(ProviderMalformed):
            read(data, Traits())


def test_a_served_answer_satisfies_the_sdk():
    logprobs = (TokenLogprob(token="ab", logprob=-1.0, top=(TokenLogprob(token="cd", logprob=-2.0),)),)
    call = ToolCall(id="c", name="f")
    answer = ChatResponse(
        choices=(Choice(parts=(Text("ab"),), logprobs=logprobs), Choice(parts=(call,), finish="tool_calls", index=1)),
        usage=Usage(input_tokens=1, output_tokens=2),
    )
    found = Completion.model_validate_json(msgspec.json.encode(WIRE.render_response(answer, STYLE)), strict=True)
    assert found.id == "cmpl-unique"
    assert [c.text for c in found.choices] == ["ab", ""]
    assert [c.finish_reason for c in found.choices] == ["stop", "stop"]


def test_a_stream_is_read_in_order():
    usage = Frame(msgspec.json.encode({"id": "x", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}))
    assert events(frame("a"), frame("b"), frame("", "stop"), usage, DONE) == [
        Started(id="x", model="m", created=5),
        TextDelta("a"),
        TextDelta("b"),
        Finished("stop", raw="stop"),
        UsageReported(Usage(input_tokens=3, output_tokens=2)),
        Ended(),
    ]


def test_a_stream_may_end_by_its_terminator_or_its_last_word():
    assert events(frame("a"), DONE)[-2:] == [Finished("stop"), Ended()]
    assert events(frame("a", "stop"))[-1] == Finished("stop", raw="stop")


@pytest.mark.parametrize(
    ("frames", "error"),
    [
        ((frame("a"),), ProviderStreamCut),
        ((DONE,), ProviderStreamCut),
        ((frame("a"), Frame(b'{"error":{"code":429,"message":"wait"}}'), frame("b")), ProviderRateLimited),
        ((frame("a"), Frame(b"it broke", "error")), GammaError),
    ],
)
def test_a_broken_stream_fails(frames: tuple[Frame, ...], error: type[GammaError]):
    last = events(*frames)[-1]
    assert isinstance(last, Failed)
    assert isinstance(last.error, error)


def test_a_frame_that_is_no_object_is_malformed():
    with pytest.raises(ProviderMalformed):
        events(Frame(b"nonsense"))


def test_a_stream_is_written_with_text_only():
    renderer = WIRE.event_renderer(STYLE)
    given: list[Event] = [
        Started(id="x", created=5),
        ReasoningDelta("hm"),
        TextDelta("ab"),
        TextDelta("c", logprobs=(TokenLogprob(token="c", logprob=-1.0),)),
        UsageReported(Usage(input_tokens=1, output_tokens=2)),
        Finished("tool_calls"),
    ]
    data = b"".join([*(renderer.render_event(e) for e in given), renderer.render_end()])
    *chunks, done = (f.data for f in SseDecoder().feed(data))
    assert done == b"[DONE]"
    found = [msgspec.json.decode(c) for c in chunks]
    assert [c["choices"][0]["text"] for c in found[:-1]] == ["ab", "c", ""]
    assert found[1]["choices"][0]["logprobs"]["text_offset"] == [2]
    assert found[2]["choices"][0]["finish_reason"] == "stop"
    assert found[3]["usage"]["total_tokens"] == 3
    assert {c["id"] for c in found} == {"x"}


def test_an_error_is_a_chunk_without_the_terminator():
    (found,) = SseDecoder().feed(WIRE.event_renderer(STYLE).render_error(ProviderRateLimited("wait")))
    assert msgspec.json.decode(found.data) == WIRE.render_error(ProviderRateLimited("wait"), "req-1")
