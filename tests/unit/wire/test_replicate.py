"""Replicate's predictions: a conversation as one prompt, an answer as a list of strings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.contract.recordings import body_of, recordings_folder

from gamma.errors import (
    MissingField,
    ProviderMalformed,
    ProviderServerError,
    ProviderStreamCut,
    ProviderTimeout,
    RateLimited,
    UnsupportedParameter,
)
from gamma.transport.sse import SseDecoder
from gamma.types.chat import ChatRequest, ChatResponse, Choice, Message, Text, Tool
from gamma.types.usage import Usage
from gamma.wire.assemble import collect, replay
from gamma.wire.base import Style, Target, Traits
from gamma.wire.events import Event, Failed
from gamma.wire.provider_errors import parse_error
from gamma.wire.replicate import Replicate, prediction_state
from gamma.wire.replicate.request import transcript

WIRE = Replicate()
TARGET = Target(model="acme/lighthouse")
STYLE = Style(model="public", id="x", created=1772355600)


def prediction(**fields: Any) -> bytes:
    return json.dumps({"id": "p1", "model": "acme/lighthouse", "status": "succeeded", **fields}).encode()


def read(text: str) -> list[Event]:
    parser, decoder = WIRE.event_parser(Traits()), SseDecoder()
    frames = [*decoder.feed(text.encode()), *decoder.end()]
    return [*(event for frame in frames for event in parser.parse_event(frame)), *parser.parse_end()]


def test_a_lone_question_is_the_prompt():
    assert transcript((Message("system", (Text("S"),)), Message("user", (Text("Q"),)))) == "Q"


def test_more_turns_stand_under_their_speakers_names():
    turns = (Message("user", (Text("Q"),)), Message("assistant", (Text("A"),)), Message("user", (Text("R"),)))
    assert transcript(turns) == "User: Q\n\nAssistant: A\n\nUser: R\n\nAssistant:"
    assert transcript(turns[:2]) == "User: Q\n\nAssistant: A"


def test_a_request_is_rendered():
    messages = (Message("developer", (Text("Be brief."),)), Message("user", (Text("Q"),)))
    request = ChatRequest(model="m", messages=messages, stream=True, max_tokens=9, temperature=0.5, stop=("a", "b"))
    assert WIRE.render_request(request, TARGET) == {
        "input": {
            "prompt": "Q",
            "system_prompt": "Be brief.",
            "temperature": 0.5,
            "max_tokens": 9,
            "stop_sequences": "a,b",
        },
        "stream": True,
    }


def test_a_request_comes_back_as_it_was():
    body = {
        "input": {
            "prompt": "Q",
            "system_prompt": "S",
            "max_tokens": 5,
            "top_k": 3,
            "stop_sequences": "a,b",
            "length_penalty": 1,
        },
        "stream": True,
        "webhook": "https://example.invalid",
    }
    request = WIRE.parse_request(body, model="acme/lighthouse")
    assert (request.max_tokens, request.top_k, request.stop, request.stream) == (5, 3, ("a", "b"), True)
    assert WIRE.render_request(request, TARGET) == body


def test_the_bound_has_the_targets_name():
    request = ChatRequest(model="m", messages=(Message("user", (Text("Q"),)),), max_tokens=9)
    target = Target(model="m", traits=Traits(token_field="max_new_tokens"))
    assert WIRE.render_request(request, target)["input"]["max_new_tokens"] == 9


@pytest.mark.parametrize(
    ("body", "param"), [({}, "input"), ({"input": {}}, "input.prompt"), ({"input": {"prompt": "x"}}, "version")]
)
def test_a_missing_field_is_named(body: dict[str, Any], param: str):
    with pytest.raises(MissingField) as caught:
        WIRE.parse_request(body)
    assert caught.value.param == param


def test_tools_are_refused():
    request = ChatRequest(model="m", messages=(Message("user", (Text("Q"),)),), tools=(Tool(name="f"),))
    with pytest.raises(UnsupportedParameter):
        WIRE.render_request(request, TARGET)


@pytest.mark.parametrize(("output", "text"), [(["a", "b"], "ab"), ("ab", "ab"), ({"k": 1}, '{"k":1}')])
def test_an_output_of_any_kind_is_text(output: Any, text: str):
    response = WIRE.parse_response(prediction(output=output, metrics={"input_token_count": 3}), Traits())
    assert response.choices[0].parts == (Text(text),)
    assert response.usage == Usage(input_tokens=3)


def test_no_output_is_an_empty_answer():
    assert WIRE.parse_response(prediction(output=None), Traits()).choices[0].parts == ()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"status": "starting"}, ProviderTimeout),
        ({"status": "processing", "output": ["a"]}, ProviderTimeout),
        ({"status": "failed", "error": "CUDA out of memory"}, ProviderServerError),
        ({"status": "failed"}, ProviderServerError),
        ({"status": "canceled"}, ProviderServerError),
        ({"status": None}, ProviderMalformed),
    ],
)
def test_what_has_not_succeeded_is_no_answer(fields: dict[str, Any], kind: type[Exception]):
    with pytest.raises(kind):
        WIRE.parse_response(prediction(**fields), Traits())


@pytest.mark.parametrize("body", [b"", b"[]", b'{"status": 5}', b"oops"])
def test_what_is_no_prediction_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        WIRE.parse_response(body, Traits())
    with pytest.raises(ProviderMalformed):
        prediction_state(body)


def test_an_error_object_is_an_error():
    with pytest.raises(Exception, match="prompt") as caught:
        WIRE.parse_response(b'{"title": "Invalid", "detail": "prompt is required", "status": 422}', Traits())
    assert getattr(caught.value, "provider_status", None) == 422


def test_the_state_tells_where_to_look():
    urls = {"get": "https://a.invalid", "stream": "https://b.invalid"}
    assert prediction_state(prediction(status="starting", urls=urls)) == ("starting", urls["get"], urls["stream"])
    assert prediction_state(prediction()) == ("succeeded", None, None)


def test_a_stream_is_read_with_its_line_ends_and_spaces():
    text = (
        ": hi\n\nevent: output\ndata: One\n\nevent: output\ndata:  two\ndata: three\n\nevent: done\ndata: {}\n\n:408: x\n\n"
    )
    response = collect(read(text))
    assert response.choices[0].parts == (Text("One two\nthree"),)
    assert response.choices[0].finish == "stop"


@pytest.mark.parametrize(
    "text",
    [
        'event: done\ndata: {"reason":"error"}\n\n',
        'event: done\ndata: {"reason":"canceled"}\n\n',
        'event: error\ndata: {"detail":"boom"}\n\n',
        "event: error\ndata: boom\n\n",
        "event: output\ndata: a\n\n",
    ],
)
def test_a_stream_that_fails_says_so(text: str):
    *_, last = read(text)
    assert isinstance(last, Failed)
    wanted = ProviderStreamCut if "output" in text else ProviderServerError
    assert isinstance(last.error, wanted)


def test_a_stream_is_written_and_read_back():
    response = ChatResponse(choices=(Choice(parts=(Text("One\n two\r\n✓"),)),))
    renderer = WIRE.event_renderer(STYLE)
    data = b"".join(map(renderer.render_event, replay(response))) + renderer.render_end()
    assert collect(read(data.decode())).choices[0].parts == (Text("One\n two\n✓"),)


def test_an_answer_is_written_and_read_back():
    response = ChatResponse(choices=(Choice(parts=(Text("A"),)),), usage=Usage(input_tokens=1, output_tokens=2), id="p9")
    back = WIRE.parse_response(json.dumps(WIRE.render_response(response, STYLE)).encode(), Traits())
    assert (back.choices[0].parts, back.usage, back.id, back.created) == ((Text("A"),), response.usage, "p9", 1772355600)


def test_an_error_is_written_and_read_back():
    body = WIRE.render_error(RateLimited("slow down"), "r")
    assert parse_error(429, {}, json.dumps(body).encode()).message == "slow down"
    assert isinstance(read(WIRE.event_renderer(STYLE).render_error(RateLimited("x")).decode())[0], Failed)


RECORDED = sorted(recordings_folder().glob("replicate/*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_predictions_are_understood(path: Any):
    sample = json.loads(path.read_bytes())
    request = WIRE.parse_request(sample["request"]["json"], model="acme/lighthouse")
    rendered = WIRE.render_request(request, TARGET)
    assert rendered["input"] == sample["request"]["json"]["input"]
    assert rendered.get("stream") == sample["request"]["json"].get("stream")
    status, get, stream = prediction_state(body_of(sample["response"]))
    assert status == "starting"
    assert get is not None
    assert (stream is not None) == bool(rendered.get("stream"))
