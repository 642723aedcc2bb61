"""Embeddings in every dialect: requests both ways, vectors exact, counts as given."""

from __future__ import annotations

import base64
import json
from array import array
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse
from tests.contract.recordings import body_of, recordings_folder

from gamma import plugins
from gamma.errors import CallerError, InvalidType, MissingField, ProviderMalformed, ProviderServerError, UnsupportedParameter
from gamma.types.embedding import EmbeddingRequest, EmbeddingResponse
from gamma.types.usage import Usage
from gamma.wire.embeddings._reading import decode_vector, encode_vector

NAMES = plugins.names("gamma.wire.embeddings")
ASKED = EmbeddingRequest(model="public", inputs=("Hello",), dialect="openai")
ANSWER = EmbeddingResponse(vectors=((0.25, -0.5, 1.0),), usage=Usage(input_tokens=7))


def wire(name: str) -> Any:
    return plugins.load("gamma.wire.embeddings", name)()


def model_of(name: str) -> str:
    return "amazon.titan-embed-text-v2:0" if name == "bedrock" else "a-model"


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def test_there_is_a_file_for_every_dialect():
    assert set(NAMES) == {
        "bedrock",
        "cohere",
        "gemini",
        "jina",
        "mistral",
        "ollama",
        "openai",
        "vertex",
        "voyage",
        "watsonx",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_rendered_and_read_back(name: str):
    speaker, model = wire(name), model_of(name)
    body = speaker.render_request(ASKED, model)
    back = speaker.parse_request(json.loads(encoded(body)), model=model)
    assert (back.model, back.inputs, back.dialect) == (model, ("Hello",), name)
    again = speaker.render_request(back, model)
    assert again == body


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"ollama", "openai", "watsonx", "mistral", "bedrock"}))
def test_a_purpose_survives(name: str):
    request = msgspec.structs.replace(ASKED, input_type="search_query")
    body = wire(name).render_request(request, "a-model")
    assert wire(name).parse_request(body, model="a-model").input_type == "search_query"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"watsonx"}))
def test_a_size_survives(name: str):
    request = msgspec.structs.replace(ASKED, dimensions=256)
    body = wire(name).render_request(request, model_of(name))
    assert wire(name).parse_request(body, model=model_of(name)).dimensions == 256


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_rendered_and_read_back(name: str):
    request = EmbeddingRequest(model=model_of(name), inputs=("Hello",), dialect=name)
    back = wire(name).parse_response(encoded(wire(name).render_response(ANSWER, request)))
    assert back.vectors == ANSWER.vectors
    assert back.usage == ANSWER.usage


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("body", [b"", b"oops", b"[]", b"{}", b'{"data": [], "embeddings": [], "results": 5}', b"\xff"])
def test_what_holds_no_vectors_is_malformed(name: str, body: bytes):
    if name == "ollama" and b'"embeddings"' in body:
        return  # an empty list is what it answers to an empty input
    with pytest.raises(ProviderMalformed):
        wire(name).parse_response(body)


@pytest.mark.parametrize("name", NAMES)
def test_an_error_with_status_200_is_raised(name: str):
    with pytest.raises(ProviderServerError, match="out of memory"):
        wire(name).parse_response(b'{"error": {"message": "out of memory"}}')


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"openai", "mistral"}))
def test_token_ids_are_refused_where_only_texts_are_taken(name: str):
    request = EmbeddingRequest(model="m", inputs=((1, 2),), dialect="openai")
    with pytest.raises(UnsupportedParameter) as caught:
        wire(name).render_request(request, model_of(name))
    assert caught.value.param == "input"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"openai", "mistral", "voyage", "jina"}))
def test_a_foreign_field_is_refused_but_a_hint_is_not(name: str):
    odd = msgspec.structs.replace(ASKED, extra={"colour": "red"})
    with pytest.raises(UnsupportedParameter) as caught:
        wire(name).render_request(odd, model_of(name))
    assert caught.value.param == "colour"
    hint = msgspec.structs.replace(ASKED, extra={"truncate": True})
    assert "truncate" not in json.dumps(wire(name).render_request(hint, model_of(name)))


@pytest.mark.parametrize("name", NAMES)
def test_limits_and_paths_are_stated(name: str):
    speaker = wire(name)
    assert speaker.path.startswith("/")
    assert speaker.path_for("a-model") == speaker.path
    assert speaker.batch_limit is None or speaker.batch_limit > 0
    assert speaker.limit_for("a-model") == speaker.batch_limit


@pytest.mark.parametrize(
    ("given_", "inputs"),
    [("a", ("a",)), (["a", "b"], ("a", "b")), ([1, 2], ((1, 2),)), ([[1, 2], [3]], ((1, 2), (3,)))],
)
def test_openai_takes_texts_and_token_ids(given_: Any, inputs: Any):
    request = wire("openai").parse_request({"model": "m", "input": given_})
    assert request.inputs == inputs
    again = wire("openai").render_request(request, "m")["input"]
    assert again == [list(i) if isinstance(i, tuple) else i for i in inputs]


@pytest.mark.parametrize(
    ("body", "kind", "param"),
    [
        ({"input": "a"}, MissingField, "model"),
        ({"model": "m"}, MissingField, "input"),
        ({"model": "m", "input": []}, InvalidType, "input"),
        ({"model": "m", "input": {"a": 1}}, InvalidType, "input"),
        ({"model": "m", "input": [1, "a"]}, InvalidType, "input"),
        ({"model": "m", "input": [True]}, InvalidType, "input"),
        ({"model": "m", "input": "a", "encoding_format": "hex"}, InvalidType, "encoding_format"),
        ({"model": "m", "input": "a", "dimensions": 0}, InvalidType, "dimensions"),
    ],
)
def test_a_callers_mistake_is_named(body: dict[str, Any], kind: type[CallerError], param: str):
    with pytest.raises(kind) as caught:
        wire("openai").parse_request(body)
    assert caught.value.param == param


def test_openai_answers_in_the_encoding_that_was_asked_for():
    floats = wire("openai").render_response(ANSWER, ASKED)
    CreateEmbeddingResponse.model_validate_json(encoded(floats), strict=True)
    assert floats["data"][0]["embedding"] == [0.25, -0.5, 1.0]
    assert floats["model"] == "public"
    text = wire("openai").render_response(ANSWER, msgspec.structs.replace(ASKED, encoding="base64"))["data"][0]["embedding"]
    assert base64.b64decode(text) == b"\x00\x00\x80>\x00\x00\x00\xbf\x00\x00\x80?"
    assert decode_vector(text) == ANSWER.vectors[0]


def test_base64_is_asked_for_only_when_the_caller_wants_it():
    assert "encoding_format" not in wire("openai").render_request(ASKED, "m")
    wanted = msgspec.structs.replace(ASKED, encoding="base64")
    assert wire("openai").render_request(wanted, "m")["encoding_format"] == "base64"


def test_vectors_are_put_in_the_order_of_their_indexes():
    data = [{"index": 1, "embedding": [1]}, {"index": 0, "embedding": [0]}]
    assert wire("openai").parse_response(encoded({"data": data})).vectors == ((0.0,), (1.0,))
    assert wire("openai").parse_response(encoded({"data": data})).usage is None


@given(st.lists(st.floats(-1, 1, width=32, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-20), min_size=1))
def test_base64_keeps_every_bit_of_a_vector(values: list[float]):
    assert decode_vector(encode_vector(values)) == tuple(values)


def test_one_byte_a_dimension_is_read_as_signed():
    values = [-10, -58, 0, 3, 60, -14, -2, -9, -32, 13, 0, 30] * 8
    assert decode_vector(base64.b64encode(array("b", values)).decode()) == tuple(map(float, values))
    assert decode_vector(base64.b64encode(b"\x01\xff\x02").decode()) == (1.0, -1.0, 2.0)


def test_text_that_is_not_base64_is_malformed():
    with pytest.raises(ProviderMalformed):
        decode_vector("no base64!")


def test_voyage_counts_only_a_total():
    body = {"data": [{"index": 0, "embedding": [1]}], "usage": {"total_tokens": 4}}
    assert wire("voyage").parse_response(encoded(body)).usage == Usage(input_tokens=4)
    assert wire("voyage").render_response(ANSWER, ASKED)["usage"] == {"total_tokens": 7}


@pytest.mark.parametrize("name", ["voyage", "mistral"])
def test_other_numbers_than_floats_are_refused(name: str):
    with pytest.raises(UnsupportedParameter):
        wire(name).parse_request({"model": "m", "input": "a", "output_dtype": "int8"})
    assert wire(name).parse_request({"model": "m", "input": "a", "output_dtype": "float"}).extra == {}


def test_a_word_of_the_dialects_own_stays():
    request = wire("jina").parse_request({"model": "m", "input": "a", "task": "code.query"})
    assert request.input_type is None
    assert wire("jina").render_request(request, "m")["task"] == "code.query"


def test_jina_reads_objects_with_texts():
    assert wire("jina").parse_request({"model": "m", "input": [{"text": "a"}, "b"]}).inputs == ("a", "b")
    with pytest.raises(UnsupportedParameter):
        wire("jina").parse_request({"model": "m", "input": [{"image": "x"}]})


def test_cohere_is_always_told_a_purpose():
    body = wire("cohere").render_request(ASKED, "m")
    assert (body["input_type"], body["embedding_types"], body["texts"]) == ("search_document", ["float"], ["Hello"])
    assert wire("cohere").render_request(msgspec.structs.replace(ASKED, encoding="base64"), "m")["embedding_types"] == [
        "base64"
    ]


@pytest.mark.parametrize("types", [["int8"], ["float", "int8"]])
def test_cohere_refuses_other_types(types: list[str]):
    with pytest.raises(UnsupportedParameter):
        wire("cohere").parse_request({"model": "m", "texts": ["a"], "embedding_types": types})


def test_cohere_images_reach_only_cohere():
    body = {"model": "m", "images": ["data:image/png;base64,AA=="], "input_type": "image", "embedding_types": ["float"]}
    request = wire("cohere").parse_request(body)
    assert wire("cohere").render_request(request, "m") == body
    with pytest.raises(UnsupportedParameter):
        wire("ollama").render_request(request, "m")


def test_cohere_base64_is_decoded():
    body = {"id": "x", "embeddings": {"base64": [encode_vector([0.5])]}, "meta": {"billed_units": {"input_tokens": 2.0}}}
    response = wire("cohere").parse_response(encoded(body))
    assert (response.vectors, response.usage, response.id) == (((0.5,),), Usage(input_tokens=2), "x")


def test_gemini_answers_single_requests_singly():
    body = {"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "taskType": "QUESTION_ANSWERING"}
    request = wire("gemini").parse_request(body, model="m")
    assert request.inputs == ("a\nb",)
    assert wire("gemini").render_response(ANSWER, request)["embedding"] == {"values": [0.25, -0.5, 1.0]}
    (item,) = wire("gemini").render_request(request, "m")["requests"]
    assert item == {"model": "models/m", "content": {"parts": [{"text": "a\nb"}]}, "taskType": "QUESTION_ANSWERING"}


def test_gemini_reads_the_model_of_a_batch():
    item = {"model": "models/m", "content": {"parts": [{"text": "a"}]}}
    assert wire("gemini").parse_request({"requests": [item, item]}).model == "m"
    with pytest.raises(CallerError):
        wire("gemini").parse_request({"requests": [item, {**item, "taskType": "CLUSTERING"}]})
    with pytest.raises(CallerError):
        wire("gemini").parse_request({"requests": []})


def test_vertex_asks_new_models_in_their_form():
    vertex = wire("vertex")
    assert vertex.path_for("gemini-embedding-2").endswith("{model}:embedContent")
    assert (vertex.limit_for("gemini-embedding-001"), vertex.limit_for("text-embedding-005")) == (1, 250)
    assert vertex.render_request(ASKED, "gemini-embedding-2") == {"content": {"parts": [{"text": "Hello"}]}}
    with pytest.raises(UnsupportedParameter):
        vertex.render_request(msgspec.structs.replace(ASKED, inputs=("a", "b")), "gemini-embedding-2")
    wanted = msgspec.structs.replace(ASKED, input_type="similarity", dimensions=64)
    assert vertex.render_request(wanted, "text-embedding-005") == {
        "instances": [{"content": "Hello", "task_type": "SEMANTIC_SIMILARITY"}],
        "parameters": {"outputDimensionality": 64},
    }


def test_bedrock_speaks_each_familys_body():
    bedrock = wire("bedrock")
    wanted = msgspec.structs.replace(ASKED, dimensions=256, input_type="search_query")
    assert bedrock.render_request(wanted, "amazon.titan-embed-text-v2:0") == {"inputText": "Hello", "dimensions": 256}
    assert bedrock.render_request(wanted, "amazon.titan-embed-image-v1") == {
        "inputText": "Hello",
        "embeddingConfig": {"outputEmbeddingLength": 256},
    }
    cohere = bedrock.render_request(wanted, "us.cohere.embed-v4:0")
    assert (cohere["texts"], cohere["input_type"], cohere["output_dimension"]) == (["Hello"], "search_query", 256)
    assert "model" not in cohere
    nova = bedrock.render_request(wanted, "amazon.nova-2-multimodal-embeddings-v1:0")
    assert nova["singleEmbeddingParams"]["embeddingPurpose"] == "GENERIC_RETRIEVAL"
    assert (bedrock.limit_for("cohere.embed-v4:0"), bedrock.limit_for("amazon.titan-embed-text-v1")) == (96, 1)
    with pytest.raises(UnsupportedParameter):
        bedrock.render_request(msgspec.structs.replace(ASKED, inputs=("a", "b")), "amazon.titan-embed-text-v1")


@pytest.mark.parametrize(
    "model", ["amazon.titan-embed-text-v2:0", "cohere.embed-v4:0", "amazon.nova-2-multimodal-embeddings-v1:0"]
)
def test_bedrock_answers_in_each_familys_body(model: str):
    request = EmbeddingRequest(model=model, inputs=("Hello",), dialect="bedrock")
    back = wire("bedrock").parse_response(encoded(wire("bedrock").render_response(ANSWER, request)))
    assert back.vectors == ANSWER.vectors


def test_watsonx_cannot_shorten_vectors():
    with pytest.raises(UnsupportedParameter):
        wire("watsonx").render_request(msgspec.structs.replace(ASKED, dimensions=8), "m")


DIALECTS = {"cohere": "cohere", "ollama": "ollama", "vertex": "vertex", "voyage": "voyage", "bedrock": "bedrock"}


def recorded() -> list[Any]:
    found = []
    for path in sorted(recordings_folder().glob("*/*.json")):
        sample = json.loads(path.read_bytes())
        if sample["format"] == "embeddings" or "embeddings" in sample["case"]:
            found.append(pytest.param(DIALECTS.get(sample["provider"], "openai"), sample, id=sample["id"]))
    return found


def _vectors(body: dict[str, Any]) -> list[Any]:
    """The vectors of a recorded answer, by its plainest reading."""
    if "data" in body:
        return [item["embedding"] for item in body["data"]]
    if "embedding" in body:
        return [body["embedding"].get("values") if isinstance(body["embedding"], dict) else body["embedding"]]
    found = body["embeddings"]
    found = found["float"] if isinstance(found, dict) else found
    return [item["embedding"] if isinstance(item, dict) else item for item in found]


def _plain(body: Any) -> Any:
    return {k: v for k, v in body.items() if v is not None}


SENT_ANYWAY = {"input_type": "search_document", "embedding_types": ["float"], "batch": None}


@pytest.mark.parametrize(("name", "sample"), recorded())
def test_a_recorded_request_keeps_its_meaning(name: str, sample: dict[str, Any]):
    asked = sample["request"]["json"]
    path = sample["request"]["path"]
    model = path.split("/models/")[1].split(":")[0] if "/models/" in path else path.split("/model/")[-1].split("/")[0]
    request = wire(name).parse_request(asked, model=asked.get("model") or model)
    body = wire(name).render_request(request, asked.get("model") or model)
    wanted = _plain(asked)
    if isinstance(wanted.get("input"), str):
        wanted["input"] = [wanted["input"]]
    extra = {k: v for k, v in body.items() if k not in wanted}
    assert {k: v for k, v in body.items() if k in wanted} == wanted
    assert all(SENT_ANYWAY.get(k) == v for k, v in extra.items())


@pytest.mark.parametrize(("name", "sample"), recorded())
def test_a_recorded_answer_is_read_exactly(name: str, sample: dict[str, Any]):
    if sample["response"]["status"] >= 400:
        return  # the errors have their own test
    body = sample["response"]["json"]
    response = wire(name).parse_response(body_of(sample["response"]))
    for found, wanted in zip(response.vectors, _vectors(body), strict=True):
        if isinstance(wanted, list):
            assert found == tuple(map(float, wanted))
        else:
            size = len(base64.b64decode(wanted))
            assert len(found) == (size if sample["provider"] == "perplexity" else size // 4)
    usage = body.get("usage") or {}
    count = usage.get("prompt_tokens") or usage.get("total_tokens") or body.get("prompt_eval_count")
    if count:
        assert response.usage is not None
        assert response.usage.input_tokens == count


def test_perplexity_is_read_as_whole_numbers_with_its_cost():
    for path in recordings_folder().glob("perplexity/embeddings*.json"):
        response = wire("openai").parse_response(body_of(json.loads(path.read_bytes())["response"]))
        assert all(value == int(value) and -128 <= value < 128 for value in response.vectors[0])
        assert response.usage is not None
        assert response.usage.cost_usd == pytest.approx(2.8e-08)
