"""How much a model may think: levels since the third generation, token budgets before it (providers.md 2.6)."""

from __future__ import annotations

from msgspec import Struct

from gamma.errors import UnsupportedParameter
from gamma.types.chat import JsonObject, ReasoningOptions
from gamma.wire.base import Target


class _Family(Struct, frozen=True):
    """What models of one id prefix understand.

    Attributes:
        levels: words for `thinkingLevel`, least first; empty where only a budget is understood.
        low, high: bounds of `thinkingBudget` in tokens.
        off: a budget of 0 is allowed.
        thinks: False for models without thinking at all.
    """

    levels: tuple[str, ...] = ()
    low: int = 0
    high: int = 24_576
    off: bool = True
    thinks: bool = True


_THREE = ("low", "medium", "high")
_FOUR = ("minimal", *_THREE)
_FAMILIES = {
    "gemini-1": _Family(thinks=False),
    "gemini-2.0": _Family(thinks=False),
    "gemini-2.5": _Family(),
    "gemini-2.5-flash-lite": _Family(low=512),
    "gemini-2.5-pro": _Family(low=128, high=32_768, off=False),
    "gemini-3": _Family(levels=_THREE),
    "gemini-3-flash": _Family(levels=_FOUR),
    "gemini-3-pro": _Family(levels=("low", "high")),
    "gemini-3.1-flash": _Family(levels=_FOUR),
    "gemini-3.5-flash": _Family(levels=_FOUR),
    "gemini-3.6-flash": _Family(levels=_FOUR),
    "gemini-4": _Family(levels=_THREE),
    "gemini-flash": _Family(levels=_THREE),  # the moving names, gemini-flash-latest and gemini-flash-lite-latest
    "gemini-pro-latest": _Family(levels=("low", "high")),
    "gemma-": _Family(thinks=False),
}
"""Facts by longest matching prefix of the model id (Google's pages on thinking; google-genai 3.4)."""

_UNKNOWN = _Family(levels=_THREE)
_LADDER = {"none": 0, "minimal": 1, "low": 2, "medium": 3, "high": 4, "xhigh": 5, "max": 6}
_BUDGETS = {"minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576}  # as Google's own OpenAI layer maps them


def needs_signatures(model: str) -> bool:
    """Whether a model refuses earlier calls without their thoughtSignature (Gemini 3 and later do, with a 400)."""
    family = _family(model)
    return bool(family.levels) and family is not _UNKNOWN


def takes_media_in_answers(model: str) -> bool:
    """Whether a tool's answer may hold images and files itself (since Gemini 3); before, they follow it as parts."""
    return bool(_family(model).levels)


def render_thinking(options: ReasoningOptions, target: Target) -> JsonObject:
    """`thinkingConfig` for the target; empty when there is nothing to say.

    Raises:
        UnsupportedParameter: the model does not think and thinking was asked for.
    """
    family = _family(target.model)
    asked = options.adaptive or options.budget_tokens not in (None, 0) or options.effort not in (None, "none")
    if not family.thinks:
        if asked and not target.drop_unsupported:
            raise UnsupportedParameter(f"{target.model} does not think; leave out the reasoning options", param="reasoning")
        return {}
    config = _levels(options, family) if family.levels else _budgets(options, family)
    if options.summary and config.get("thinkingBudget") != 0:  # both together are refused with a 400
        config["includeThoughts"] = True
    return config


def _family(model: str) -> _Family:
    name = model.rpartition("/")[2]
    best = max((prefix for prefix in _FAMILIES if name.startswith(prefix)), key=len, default="")
    return _FAMILIES.get(best, _UNKNOWN)


def _levels(options: ReasoningOptions, family: _Family) -> JsonObject:
    if options.budget_tokens is not None:
        if options.budget_tokens > 0:
            return {"thinkingBudget": options.budget_tokens}
        return {"thinkingLevel": family.levels[0].upper()} if options.budget_tokens == 0 else {}
    if options.effort is None:
        return {}
    if (wanted := _LADDER.get(options.effort)) is None:  # a level newer than this table
        return {"thinkingLevel": options.effort.upper()}
    fitting = [level for level in family.levels if _LADDER[level] >= wanted]
    return {"thinkingLevel": (fitting[0] if fitting else family.levels[-1]).upper()}


def _budgets(options: ReasoningOptions, family: _Family) -> JsonObject:
    budget = options.budget_tokens
    if budget is None and options.effort is not None:
        budget = 0 if options.effort == "none" else _BUDGETS.get(options.effort, family.high)
    if budget is None:
        return {"thinkingBudget": -1} if options.adaptive else {}
    if budget == 0:
        return {"thinkingBudget": 0 if family.off else family.low}
    return {"thinkingBudget": -1 if budget < 0 else min(max(budget, family.low), family.high)}
