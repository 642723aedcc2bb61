"""Reranking in every dialect: requests both ways, places in order, documents where they were asked for."""

from __future__ import annotations

import json
from typing import Any

import cohere
import msgspec
import pytest
from tests.contract.recordings import body_of, recordings_folder

from gamma import plugins
from gamma.errors import CallerError, InvalidRequest, InvalidType, MissingField, ProviderMalformed, UnsupportedParameter
from gamma.types.rerank import Ranked, RerankRequest, RerankResponse
from gamma.types.usage import Usage

NAMES = plugins.names("gamma.wire.rerank")
ASKED = RerankRequest(model="public", query="Q", documents=("a", "b", "c"), top_n=2, dialect="openai")
PLACES = (Ranked(index=2, score=0.9), Ranked(index=0, score=0.25))
ANSWER = RerankResponse(results=PLACES, id="r1", usage=Usage(input_tokens=7), search_units=1)


def wire(name: str) -> Any:
    return plugins.load("gamma.wire.rerank", name)()


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def test_there_is_a_file_for_every_dialect():
    assert set(NAMES) == {"bedrock", "bedrock_invoke", "cohere", "jina", "voyage", "watsonx"}


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_rendered_and_read_back(name: str):
    body = wire(name).render_request(ASKED, "a-model")
    back = wire(name).parse_request(json.loads(encoded(body)), model="a-model")
    assert (back.model, back.query, back.documents, back.top_n) == ("a-model", "Q", ("a", "b", "c"), 2)
    assert back.dialect == name
    assert wire(name).render_request(back, "a-model") == body


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_rendered_and_read_back(name: str):
    request = msgspec.structs.replace(ASKED, dialect=name)
    back = wire(name).parse_response(encoded(wire(name).render_response(ANSWER, request)))
    assert back.results == PLACES


@pytest.mark.parametrize("name", NAMES)
def test_documents_stand_beside_results_where_the_caller_asked(name: str):
    request = msgspec.structs.replace(ASKED, return_documents=True)
    back = wire(name).parse_response(encoded(wire(name).render_response(ANSWER, request)))
    assert [result.document for result in back.results] == ["c", "a"]
    foreign = RerankResponse(results=(Ranked(index=9, score=1.0),))
    assert wire(name).parse_response(encoded(wire(name).render_response(foreign, request))).results[0].document is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "body", [b"", b"oops", b"[]", b"{}", b'{"results": 5, "data": 5}', b'{"results": [{}], "data": [{}]}']
)
def test_what_holds_no_results_is_malformed(name: str, body: bytes):
    with pytest.raises(ProviderMalformed):
        wire(name).parse_response(body)


@pytest.mark.parametrize("name", NAMES)
def test_an_error_with_status_200_is_raised(name: str):
    with pytest.raises(Exception, match="out of memory"):
        wire(name).parse_response(b'{"error": {"message": "out of memory"}}')


@pytest.mark.parametrize("name", NAMES)
def test_a_foreign_field_is_refused(name: str):
    with pytest.raises(UnsupportedParameter) as caught:
        wire(name).render_request(msgspec.structs.replace(ASKED, extra={"colour": "red"}), "m")
    assert caught.value.param == "colour"


@pytest.mark.parametrize("name", ["cohere", "jina", "bedrock_invoke"])
def test_a_bound_of_tokens_is_sent_where_the_dialect_has_it(name: str):
    bounded = msgspec.structs.replace(ASKED, max_tokens_per_doc=50)
    assert wire(name).render_request(bounded, "m")["max_tokens_per_doc"] == 50


@pytest.mark.parametrize("name", ["voyage", "bedrock", "watsonx"])
def test_a_bound_of_tokens_is_refused_where_it_has_none(name: str):
    with pytest.raises(UnsupportedParameter):
        wire(name).render_request(msgspec.structs.replace(ASKED, max_tokens_per_doc=50), "m")


@pytest.mark.parametrize(
    ("body", "kind", "param"),
    [
        ({"query": "q", "documents": ["a"]}, MissingField, "model"),
        ({"model": "m", "documents": ["a"]}, MissingField, "query"),
        ({"model": "m", "query": "q"}, MissingField, "documents"),
        ({"model": "m", "query": "q", "documents": []}, InvalidType, "documents"),
        ({"model": "m", "query": "q", "documents": [5]}, InvalidType, "documents[0]"),
        ({"model": "m", "query": "q", "documents": [{"title": "t"}]}, InvalidType, "documents[0]"),
        ({"model": "m", "query": "q", "documents": ["a"], "top_n": 0}, InvalidType, "top_n"),
    ],
)
@pytest.mark.parametrize("name", ["cohere", "jina"])
def test_a_callers_mistake_is_named(name: str, body: dict[str, Any], kind: type[CallerError], param: str):
    with pytest.raises(kind) as caught:
        wire(name).parse_request(body)
    assert caught.value.param == param


def test_documents_may_be_objects():
    body = {"model": "m", "query": "q", "documents": [{"text": "a"}, "b"]}
    assert wire("jina").parse_request(body).documents == ("a", "b")


def test_the_most_relevant_comes_first_whatever_the_provider_says():
    body = {"results": [{"index": 0, "relevance_score": -8.5}, {"index": 1, "relevance_score": 0.5}]}
    assert [result.index for result in wire("jina").parse_response(encoded(body)).results] == [1, 0]


def test_cohere_answers_as_its_sdk_reads():
    body = wire("cohere").render_response(ANSWER, ASKED)
    read = cohere.V2RerankResponse.model_validate(body)
    assert [(result.index, result.relevance_score) for result in read.results] == [(2, 0.9), (0, 0.25)]
    assert read.meta is not None
    assert read.meta.billed_units is not None
    assert read.meta.billed_units.search_units == 1
    assert wire("cohere").parse_response(encoded(body)).search_units == 1


def test_bedrock_needs_one_query_and_some_sources():
    body = wire("bedrock").render_request(ASKED, "arn:aws:bedrock:us-west-2::foundation-model/cohere.rerank-v3-5:0")
    assert wire("bedrock").parse_request(body).model.startswith("arn:aws:")
    for name in ("queries", "sources"):
        with pytest.raises(InvalidRequest):
            wire("bedrock").parse_request({**body, name: []})


def test_bedrock_invoke_tells_cohere_its_version():
    assert wire("bedrock_invoke").render_request(ASKED, "cohere.rerank-v3-5:0")["api_version"] == 2
    assert "api_version" not in wire("bedrock_invoke").render_request(ASKED, "amazon.rerank-v1:0")
    with pytest.raises(InvalidRequest):
        wire("bedrock_invoke").parse_request({"query": "q", "documents": ["a"]})


def test_watsonx_keeps_its_other_parameters():
    body = {
        "model_id": "m",
        "query": "q",
        "inputs": [{"text": "a"}],
        "parameters": {"truncate_input_tokens": 9, "return_options": {"top_n": 1}},
        "project_id": "p",
    }
    assert wire("watsonx").render_request(wire("watsonx").parse_request(body), "m") == body


DIALECTS = {"bedrock": "bedrock_invoke", "cohere": "cohere", "llamacpp": "jina", "voyage": "voyage"}
RECORDED = sorted(recordings_folder().glob("*/rerank*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_recorded_exchanges_keep_their_meaning(path: Any):
    sample = json.loads(path.read_bytes())
    asked, answered = sample["request"]["json"], sample["response"]["json"]
    name = DIALECTS[sample["provider"]]
    model = asked.get("model") or "cohere.rerank-v3-5:0"
    request = wire(name).parse_request(asked, model=model)
    body = wire(name).render_request(request, model)
    assert body.items() >= asked.items()
    assert body.keys() - asked.keys() <= {"return_documents"}
    response = wire(name).parse_response(body_of(sample["response"]))
    given = answered.get("results") or answered["data"]
    assert [(r.index, r.score) for r in response.results] == [(r["index"], r["relevance_score"]) for r in given]
    tokens = (answered.get("usage") or {}).get("total_tokens")
    assert (response.usage.input_tokens if response.usage else None) == tokens
