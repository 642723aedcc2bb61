"""Reasoning and top_k: Converse passes them in `additionalModelRequestFields`, in each model family's own words."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from gamma.types.chat import ChatRequest, JsonObject, ReasoningOptions
from gamma.wire.fields import Fields

_MIN_BUDGET_TOKENS = 1024  # Claude refuses less (providers.md 5)
_BUDGET_TOKENS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}


class Family(Struct, frozen=True):
    """How a model family is told to think and to sample.

    Attributes:
        mark: what its model ids contain, inference profiles and ARNs included.
        thinking: `budget` (Claude: `thinking`), `nova` (`reasoningConfig`), `effort` (`reasoning_effort`), `none` (has no
            switch), `neutral` (Converse's own `outputConfig.effort`, or Claude's field for a budget).
        top_k: path of its top_k inside `additionalModelRequestFields`.
    """

    mark: str
    thinking: Literal["budget", "nova", "effort", "none", "neutral"] = "none"
    top_k: tuple[str, ...] = ("top_k",)


_FAMILIES = (
    Family("claude", "budget"),
    Family("nova-2", "nova", ("inferenceConfig", "topK")),
    Family("nova", "none", ("inferenceConfig", "topK")),  # recorded: bedrock filter
    Family("gpt-oss", "effort"),
    Family("cohere.command", "none", ("k",)),
    Family("", "neutral"),  # application inference profiles and imported models do not tell
)


def family_of(model: str) -> Family:
    """The family that a model id, inference profile or ARN names."""
    model = model.lower()
    return next(family for family in _FAMILIES if family.mark in model)


def render_thinking(request: ChatRequest, model: str) -> JsonObject:
    """The body's fields (`additionalModelRequestFields`, `outputConfig`) that ask for reasoning and top_k."""
    family = family_of(model)
    fields, output = ({}, {}) if request.reasoning is None else _thinking(family, request.reasoning, request.max_tokens)
    if request.top_k is not None:
        fields = fields | _nested(family.top_k, request.top_k)
    body: JsonObject = {}
    if fields:
        body["additionalModelRequestFields"] = fields
    if output:
        body["outputConfig"] = output
    return body


def _thinking(family: Family, options: ReasoningOptions, max_tokens: int | None) -> tuple[JsonObject, JsonObject]:
    """Members of `additionalModelRequestFields` and of `outputConfig`."""
    effort = _effort(options)
    match family.thinking:
        case "neutral" if options.budget_tokens is None and not options.adaptive:
            return {}, {"effort": options.effort} if options.effort not in (None, "none") else {}
        case "budget" | "neutral":
            return _budget(options, max_tokens)
        case "nova":
            return {"reasoningConfig": _nova(effort)}, {}
        case "effort" if effort not in (None, "none"):
            return {"reasoning_effort": effort}, {}
    return {}, {}


def _nested(path: tuple[str, ...], value: object) -> JsonObject:
    *outer, last = path
    found: JsonObject = {last: value}
    for name in reversed(outer):
        found = {name: found}
    return found


def _budget(options: ReasoningOptions, max_tokens: int | None) -> tuple[JsonObject, JsonObject]:
    if options.adaptive:
        return {"thinking": {"type": "adaptive"}}, {"effort": options.effort} if options.effort else {}
    if options.budget_tokens == 0 or options.effort == "none":
        return {"thinking": {"type": "disabled"}}, {}
    budget = options.budget_tokens
    if budget is None or budget < 0:
        budget = _BUDGET_TOKENS.get(options.effort or "medium", _BUDGET_TOKENS["medium"])
        if max_tokens is not None:  # the budget must leave room for the answer
            budget = min(budget, max_tokens // 2)
        if budget < _MIN_BUDGET_TOKENS:
            return {}, {}
    return {"thinking": {"type": "enabled", "budget_tokens": max(budget, _MIN_BUDGET_TOKENS)}}, {}


def _effort(options: ReasoningOptions) -> str | None:
    """One of the three words that open models know."""
    if options.effort is not None:
        return {"minimal": "low", "xhigh": "high", "max": "high"}.get(options.effort, options.effort)
    budget = options.budget_tokens
    if budget is None or budget < 0:
        return "medium" if options.adaptive or budget is not None else None
    return "none" if budget == 0 else "low" if budget <= 2048 else "medium" if budget <= 8192 else "high"


def _nova(effort: str | None) -> JsonObject:
    return {"type": "disabled"} if effort == "none" else {"type": "enabled", "maxReasoningEffort": effort or "medium"}


def parse_thinking(more: Fields, effort: str | None) -> ReasoningOptions | None:
    """The caller's wishes about reasoning.

    Args:
        more: `additionalModelRequestFields`; what is understood counts as read.
        effort: `outputConfig.effort`.
    """
    effort = effort or more.opt_text("reasoning_effort")
    if more.has("thinking") or more.has("reasoning_config"):  # both spellings are documented for Claude
        name = "thinking" if more.has("thinking") else "reasoning_config"
        thinking = more.object(name)
        kind = thinking.one_of("type", ("enabled", "disabled", "adaptive"))
        budget = thinking.opt_int("budget_tokens", low=0)
        if kind == "disabled":
            return ReasoningOptions(budget_tokens=0)
        return ReasoningOptions(effort=effort, budget_tokens=budget, adaptive=kind == "adaptive")
    if more.has("reasoningConfig"):
        nova = more.object("reasoningConfig")
        if nova.opt_text("type") == "disabled":
            return ReasoningOptions(effort="none")
        return ReasoningOptions(effort=nova.opt_text("maxReasoningEffort") or effort or "medium")
    return ReasoningOptions(effort=effort) if effort else None


def parse_top_k(more: Fields) -> int | None:
    """The caller's top_k, in whichever family's words."""
    for name in ("top_k", "k"):
        if more.has(name):
            return more.opt_int(name, low=0)
    if more.has("inferenceConfig"):
        inner = more.object("inferenceConfig")
        return inner.opt_int("topK", low=0)
    return None
