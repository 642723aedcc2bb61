"""Recorded requests are read, written again with the same meaning, and written in the other dialects without loss."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gamma.errors import CallerError, InvalidRequest, InvalidType, MissingField, UnsupportedParameter
from gamma.types.chat import ChatRequest
from gamma.wire.base import Target, Traits
from gamma.wire.support import is_set
from tests.contract.conversation import called_in, file_names_of, media_of, system_of, tools_of, turns_of
from tests.contract.dialects import dialect, dialect_names, spoken
from tests.contract.exclusions import cases
from tests.contract.recordings import Sample
from tests.contract.same_request import differences

REQUESTS = tuple(s for s in spoken() if s.asked is not None and s.status < 400)


def parsed(sample: Sample) -> ChatRequest:
    """A recorded request as its dialect reads it."""
    request: ChatRequest = dialect(sample.dialect).parse_request(
        sample.asked, model=sample.asked_model, stream=sample.asked_stream
    )
    return request


def spoken_traits(sample: Sample) -> Traits:
    """The flavour that the recorded request itself shows."""
    asked = sample.asked or {}
    given = asked.get("messages") or asked.get("input") or []
    messages = [m for m in given if isinstance(m, dict)]
    roles = {m.get("role") for m in messages}
    reasoning = next(
        (f for f in ("reasoning_details", "reasoning_content", "reasoning") for m in messages if m.get(f)), None
    )
    return Traits(
        system_role="developer" if "developer" in roles else "system",
        token_field="max_completion_tokens" if "max_completion_tokens" in asked else "max_tokens",
        stream_usage="ask" if "stream_options" in asked else "given",
        reasoning_field=reasoning,
    )


@pytest.mark.parametrize("sample", cases("request", REQUESTS))
def test_a_request_written_again_means_the_same(sample: Sample):
    target = Target(model=sample.asked_model, traits=spoken_traits(sample))
    body = dialect(sample.dialect).render_request(parsed(sample), target)
    assert differences(sample.dialect, sample.asked or {}, msgspec.json.decode(msgspec.json.encode(body))) == []


@pytest.mark.parametrize("drop", [False, True], ids=["refuse", "drop"])
@pytest.mark.parametrize(
    ("name", "sample"), [c for n in dialect_names() for c in cases("translate", [s for s in REQUESTS if s.dialect != n], n)]
)
def test_a_request_is_translated_without_loss_or_refused(name: str, sample: Sample, drop: bool):
    request = parsed(sample)
    target = Target(model="claude-or-other", drop_unsupported=drop, max_output_tokens=64_000)
    try:
        body = dialect(name).render_request(request, target)
    except (UnsupportedParameter, InvalidRequest):
        return
    plain = msgspec.json.decode(msgspec.json.encode(body))
    back = dialect(name).parse_request(plain, model="claude-or-other", stream=request.stream)
    if name in PROMPTS or not turns_of(request):
        return  # a prompt is one text: what was said is in it, who said it is not; nor is there a turn without a user's
    assert_same_conversation(back, request, lost=drop)
    if not drop:
        assert_same_wishes(back, request)


def assert_same_conversation(found: ChatRequest, wanted: ChatRequest, *, lost: bool) -> None:
    """Fails with the first thing that a translation lost or made up; tools and pictures may be `lost` if so asked."""
    names = file_names_of(wanted)
    assert [_without(line, names) for line in turns_of(found)] == [_without(line, names) for line in turns_of(wanted)]
    assert media_of(found) == media_of(wanted) or (lost and set(media_of(found)) < set(media_of(wanted)))
    if wanted.response_format is None:
        assert system_of(found) == system_of(wanted)
    else:
        assert system_of(found).startswith(system_of(wanted)), "the wish for JSON may be added to it"
    assert lost or tools_wanted(wanted) <= set(tools_of(found)), "tools"
    assert set(tools_of(found)) <= set(tools_of(wanted)) | called_in(wanted) | JSON_TOOLS, "tools of nobody's"


WISHES = ("max_tokens", "temperature", "top_p", "top_k", "n", "stop", "seed", "presence_penalty", "frequency_penalty")
"""Fields that change the answer: carried or refused, never forgotten."""


def assert_same_wishes(found: ChatRequest, wanted: ChatRequest) -> None:
    """Fails when a field that changes the answer was forgotten on the way."""
    for name in WISHES:
        if is_set(wanted, name) and (name, getattr(wanted, name)) != ("top_p", 1):  # which asks for nothing
            assert getattr(found, name) == getattr(wanted, name), name
    if wanted.tool_choice is not None and wanted.tools:
        assert tools_wanted(found) >= tools_wanted(wanted), "tool_choice"


def tools_wanted(request: ChatRequest) -> set[str]:
    """Tools that must be offered: where a dialect has no words for a choice of them, the others are left out."""
    choice, names = request.tool_choice, set(tools_of(request))
    if choice is None or choice.mode in {"auto", "required"}:
        return names
    return names & set(choice.names)


def _without(line: tuple[Any, ...], names: set[str]) -> tuple[Any, ...]:
    for name in names:
        if isinstance(line[1], str):
            line = (line[0], line[1].replace("".join(name.split()), ""), *line[2:])
    return line


JSON_TOOLS = frozenset({"json", "response", "answer", "final_answer"})
"""Names of the tool that stands for structured output where a dialect has none."""

PROMPTS = frozenset({"openai_completions", "bedrock_invoke", "replicate"})
"""Dialects whose conversation may be a single prompt."""

WRONG: tuple[Any, ...] = (
    [],
    None,
    "text",
    7,
    {"model": 7},
    {"messages": 7},
    {"contents": "x"},
    {"input": 7},
    {"prompt": {}},
)


@pytest.mark.parametrize("body", WRONG, ids=repr)
@pytest.mark.parametrize("name", dialect_names())
def test_a_wrong_request_is_the_callers_mistake(name: str, body: Any):
    with pytest.raises((MissingField, InvalidType, InvalidRequest)):
        dialect(name).parse_request(body)


@pytest.mark.parametrize("sample", cases("bent-request", REQUESTS))
def test_a_request_with_a_wrong_type_in_any_field_is_the_callers_mistake_or_read(sample: Sample):
    for name in sample.asked or {}:
        for wrong in (7, "text", [7], {"x": 7}, [{"x": 7}], True):
            try:
                dialect(sample.dialect).parse_request({**(sample.asked or {}), name: wrong}, model="m", stream=False)
            except CallerError:
                continue
