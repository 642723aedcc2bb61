"""Samples for the contract suite: recorded traffic beside the repository, and the golden samples inside it.

Recordings lie in `../shared/recordings/<provider>/<case>.json` (another place: the variable GAMMA_SHARED names the folder
that holds `recordings`); they are read where they lie and never copied. Golden samples have the same format and lie in
`tests/golden/<dialect>/<case>.json`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from gamma.providers.catalog import Catalog
from gamma.wire.base import Traits

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
RECORDED_ANSWERS = 495
"""How many recordings of chat dialects there are; said aloud when they cannot be found."""

DIALECT_OF_FORMAT = {
    "anthropic-messages": "anthropic_messages",
    "bedrock-converse": "bedrock_converse",
    "bedrock-invoke": "bedrock_invoke",
    "cohere-v1": "cohere_v1",
    "cohere-v2": "cohere_v2",
    "gemini": "gemini",
    "ollama": "ollama",
    "openai-chat": "openai_chat",
    "openai-completions": "openai_completions",
    "openai-responses": "openai_responses",
    "other:/ml/v1-beta/generation/text": "watsonx",  # before its chat API
    "other:/v1/chat": "openai_chat",  # Writer: chat completions at a shorter path
    "vertex-raw": "anthropic_messages",  # Claude on Vertex: the messages dialect in raw calls
}
"""Which wire speaks a recorded format."""

OTHER_FORMATS = {
    "count-tokens": "no chat answer",
    "embeddings": "no chat answer; the embeddings wires have their own suite",
    "get": "no chat answer",
    "replicate": "predictions that have only begun: the answer was polled later and not recorded",
    "rerank": "no chat answer; the rerank wires have their own suite",
}
"""Recorded formats that no chat wire speaks, each with the reason."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One exchange with a provider.

    Attributes:
        id: unique and stable; names the test.
        provider: catalogue key, or the dialect's name for golden samples.
        dialect: the wire that speaks it.
        request: the recorded call: method, host, path, headers, json (None for response-only sources).
        body: the answer's bytes as they came.
        streamed: the answer is a stream of events.
        traits: the provider's flavour of the dialect.
    """

    id: str
    provider: str
    dialect: str
    case: str
    features: frozenset[str]
    request: Mapping[str, Any]
    body: bytes
    status: int
    headers: Mapping[str, str]
    streamed: bool
    traits: Traits
    golden: bool

    def __repr__(self) -> str:
        return self.id

    @property
    def asked(self) -> dict[str, Any] | None:
        """The request's JSON body."""
        value = self.request.get("json")
        return value if isinstance(value, dict) else None

    @property
    def asked_model(self) -> str:
        """The model that the request names, in its body or its path."""
        asked = self.asked or {}
        if isinstance(body_model := asked.get("model") or asked.get("model_id"), str):
            return body_model
        path = str(self.request.get("path") or "")
        for marker in ("/models/", "/model/", "/deployments/"):
            if marker in path:
                return unquote(path.split(marker, 1)[1].split("/", 1)[0].rsplit(":", 1)[0])
        return "a-model"

    @property
    def asked_stream(self) -> bool:
        """Whether the request asks for a stream, in its body, its path or a header."""
        path = str(self.request.get("path") or "").lower()
        return self.streamed or bool((self.asked or {}).get("stream")) or "stream" in path


def recordings_folder() -> Path:
    """Where recordings are looked for."""
    shared = os.environ.get("GAMMA_SHARED")
    return (Path(shared) if shared else ROOT.parent / "shared") / "recordings"


def recorded_suite_line() -> str:
    """One plain sentence on which samples this run has."""
    count = sum(not s.golden for s in samples())
    golden = len(samples()) - count
    if count:
        return f"recorded suite: {count} recordings, {golden} golden samples"
    place = "$GAMMA_SHARED/recordings" if os.environ.get("GAMMA_SHARED") else "../shared/recordings"
    return f"recorded suite: {place} not found, {RECORDED_ANSWERS} recordings were not run; golden samples only"


@cache
def samples() -> tuple[Sample, ...]:
    """Every sample of a chat dialect, sorted by id: golden ones first."""
    return _load(GOLDEN, golden=True) + _load(recordings_folder(), golden=False)


@cache
def recorded_formats() -> frozenset[str]:
    """Every format that the recordings hold."""
    return frozenset(json.loads(path.read_bytes())["format"] for path in recordings_folder().glob("*/*.json"))


def _load(folder: Path, *, golden: bool) -> tuple[Sample, ...]:
    found = []
    for path in sorted(folder.glob("*/*.json")):
        value = json.loads(path.read_bytes())
        dialect = path.parent.name if golden else DIALECT_OF_FORMAT.get(value["format"])
        if dialect is not None and not str(value.get("case")).endswith(("embeddings", "models")):
            found.append(_sample(value, path, dialect, golden=golden))
    return tuple(found)


def _sample(value: dict[str, Any], path: Path, dialect: str, *, golden: bool) -> Sample:
    response = value["response"]
    provider = value.get("provider") or dialect
    return Sample(
        id=f"golden/{dialect}/{path.stem}" if golden else value["id"],
        provider=provider,
        dialect=dialect,
        case=value.get("case") or path.stem,
        features=frozenset(value.get("features") or ()),
        request=value.get("request") or {},
        body=body_of(response),
        status=response["status"],
        headers=response.get("headers") or {},
        streamed=value.get("body_kind") in {"sse", "ndjson", "eventstream"},
        traits=Traits() if golden else traits_of(provider),
        golden=golden,
    )


def body_of(response: Mapping[str, Any]) -> bytes:
    """The bytes of a recorded answer."""
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    if "text" in response:
        return str(response["text"]).encode()
    return json.dumps(response.get("json"), ensure_ascii=False).encode()


@cache
def traits_of(provider: str) -> Traits:
    """How a recorded provider's flavour is read: its row's, or none where no row has its name."""
    name = provider.replace("-", "_")
    catalog = _catalog()
    return catalog.row(name).flavour if name in catalog else Traits()


@cache
def _catalog() -> Catalog:
    return Catalog.builtin()
