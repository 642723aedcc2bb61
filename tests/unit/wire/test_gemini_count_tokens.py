"""Counting tokens in Google's dialect."""

from __future__ import annotations

import pytest

from gamma.errors import GammaError, ProviderMalformed
from gamma.types.chat import ChatRequest, Message, Text, Tool
from gamma.wire.base import Target
from gamma.wire.gemini.count_tokens import (
    parse_count_request,
    parse_count_tokens,
    render_count_request,
    render_count_tokens,
)

HELLO = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}


def test_a_count_is_read_and_written():
    assert parse_count_tokens(b'{"totalTokens": 7, "totalBillableCharacters": 25}') == 7
    assert render_count_tokens(7) == {"totalTokens": 7}


@pytest.mark.parametrize("body", [b"{}", b"[]", b"", b'{"totalTokens": "x"}'])
def test_an_answer_without_a_count_is_malformed(body: bytes):
    with pytest.raises(ProviderMalformed):
        parse_count_tokens(body)


def test_an_error_in_place_of_a_count_is_raised():
    with pytest.raises(GammaError, match="gone"):
        parse_count_tokens(b'{"error": {"code": 404, "message": "gone", "status": "NOT_FOUND"}}')


def test_contents_may_stand_alone_or_inside_a_whole_request():
    alone = parse_count_request(HELLO, model="m")
    assert parse_count_request({"generateContentRequest": {"model": "models/m", **HELLO}}) == alone


def test_everything_that_will_be_read_is_counted_as_contents():
    messages = (Message("system", (Text("be brief"),)), Message("user", (Text("hello"),)))
    body = render_count_request(ChatRequest(model="m", messages=messages, tools=(Tool(name="f"),)), Target(model="m"))
    assert list(body) == ["contents"]
    before, hello = body["contents"]
    assert before["parts"][0] == {"text": "be brief"}
    assert '"name":"f"' in before["parts"][1]["text"]
    assert hello == HELLO["contents"][0]


def test_a_plain_conversation_is_sent_as_it_is():
    assert render_count_request(parse_count_request(HELLO, model="m"), Target(model="m")) == HELLO
