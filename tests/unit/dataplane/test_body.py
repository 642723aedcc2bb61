"""Bodies are forwarded byte for byte but for the model, wherever it stands."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gamma.dataplane.body import Body
from gamma.errors import MalformedJson, UnsupportedParameter
from gamma.providers.base import Provider
from gamma.wire.base import Traits

PLAIN = cast(Provider, SimpleNamespace(edits_body=False))
MESSAGES = '[{"role":"user","content":"say \\"model\\": \\"pub\\" {"}]'


def forward(data: str, **more: Any) -> str:
    options = {"drop": False, "ask_usage": False, **more}
    return Body(data.encode(), "openai_chat").forward(PLAIN, "own/name", **options).decode()


@pytest.mark.parametrize(
    "template",
    [
        '{"model":%s,"messages":MESSAGES}',
        '{"messages":MESSAGES,"model":%s}',
        ' {\n "messages" : MESSAGES ,\t"x":{"model":"pub"}, "model" :  %s , "n":1}\n',
        '{"a\\"model\\":":1,"messages":MESSAGES,"model":%s}',
        '{"metadata":{"model":"pub"},"model":%s,"messages":MESSAGES}',
    ],
)
def test_only_the_model_is_replaced(template: str) -> None:
    data = template.replace("MESSAGES", MESSAGES)
    assert forward(data % '"pub"') == data % '"own/name"'


def test_a_model_that_stands_twice_is_replaced_where_it_counts() -> None:
    data = '{"model":"x","messages":MESSAGES,"model":"pub"}'.replace("MESSAGES", MESSAGES)
    assert json.loads(forward(data))["model"] == "own/name"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=8), JSON_VALUES, max_size=6), st.text(min_size=1, max_size=8), st.integers(0, 6))
def test_any_other_field_keeps_its_bytes(extra: dict[str, Any], public: str, place: int) -> None:
    fields = [(name, value) for name, value in extra.items() if not name.isidentifier()]  # none that has a type
    fields.insert(min(place, len(fields)), ("model", public))
    fields.append(("messages", json.loads(MESSAGES)))
    data = json.dumps(dict(fields))
    assert forward(data) == json.dumps({**dict(fields), "model": "own/name"}) or public == "own/name"


def test_usage_is_asked_for_at_the_end() -> None:
    data = f'{{"model":"pub","messages":{MESSAGES}}} \n'
    assert forward(data, ask_usage=True).endswith('{"}],"stream_options":{"include_usage":true}} \n')


def test_fields_that_a_provider_cannot_take_are_refused_or_dropped() -> None:
    provider = cast(
        Provider,
        SimpleNamespace(edits_body=True, traits=Traits(unsupported=frozenset({"seed", "user"})), adjust_body=lambda b: b),
    )
    body = Body(f'{{"model":"pub","seed":4,"user":"ada","messages":{MESSAGES}}}'.encode(), "openai_chat")
    with pytest.raises(UnsupportedParameter, match="seed"):
        body.forward(provider, "m", drop=False, ask_usage=False)
    kept = json.loads(body.forward(provider, "m", drop=True, ask_usage=False))
    assert sorted(kept) == ["messages", "model"]


def test_deep_nesting_is_refused_not_crashed_on() -> None:
    with pytest.raises(MalformedJson):
        Body(b'{"model":"m","messages":[{"role":"user","content":' + b"[" * 100_000, "openai_chat")
