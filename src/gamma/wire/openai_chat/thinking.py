"""How much a model may think: every form in which callers ask and providers are asked (providers.md 2.6 and 10)."""

from __future__ import annotations

from gamma.types.chat import ChatRequest, JsonObject, ReasoningOptions
from gamma.wire.base import Traits
from gamma.wire.fields import Fields

_OBJECTS = ("reasoning", "thinking", "enable_thinking", "thinking_budget")
FORMS = frozenset({*_OBJECTS, "reasoning_effort"})
"""Every field that asks for thinking."""

_EFFORTS = ((0, "none"), (2048, "low"), (12_288, "medium"))  # budgets up to so many tokens


def parse_thinking(body: Fields) -> tuple[ReasoningOptions | None, JsonObject]:
    """The caller's wish, and the forms beyond `reasoning_effort` as they came, for targets that take those.

    Raises:
        InvalidType: a form of the wrong type.
    """
    effort = body.opt_text("reasoning_effort")
    budget: int | None = None
    adaptive, summary = False, None
    if body.has("enable_thinking"):  # alibaba
        budget = -1 if body.opt_bool("enable_thinking") else 0
    if body.has("thinking_budget"):
        budget = body.opt_int("thinking_budget", low=0)
    if body.has("thinking"):  # deepseek, zai, moonshot; anthropic's own
        thinking = body.object("thinking")
        kind = thinking.opt_text("type")
        adaptive = kind == "adaptive"
        budget = 0 if kind == "disabled" else thinking.opt_int("budget_tokens", low=0)
        if kind == "enabled":
            budget, summary = -1 if budget is None else budget, "auto"
    if body.has("reasoning"):  # openrouter, vercel-gateway, snowflake
        asked = body.object("reasoning")
        effort = asked.opt_text("effort") or effort
        budget = asked.opt_int("max_tokens", low=0) if asked.has("max_tokens") else budget
        enabled = asked.opt_bool("enabled")
        summary = None if asked.opt_bool("exclude") else asked.opt_text("summary") or "auto"
        if enabled is False:
            effort, budget, summary = None, 0, None
        elif effort is None and budget is None:
            effort = "medium"  # what `enabled: true` means there
    raw = {name: body.raw(name) for name in _OBJECTS if body.has(name)}
    if raw and body.has("reasoning_effort"):
        raw["reasoning_effort"] = body.raw("reasoning_effort")
    if effort is None and budget is None and not adaptive:
        return None, raw
    return ReasoningOptions(effort=effort, budget_tokens=budget, adaptive=adaptive, summary=summary), raw


def render_thinking(request: ChatRequest, traits: Traits) -> JsonObject:
    """The fields that ask for thinking in the target's form; none when the caller did not ask.

    `request.extra` may hold the caller's own forms: with `given` they are sent as they came, and nothing is added.
    """
    options = request.reasoning
    if options is None or (traits.reasoning_request == "given" and not FORMS.isdisjoint(request.extra)):
        return {}
    off = options.budget_tokens == 0 or options.effort == "none"
    budget = options.budget_tokens if options.budget_tokens and options.budget_tokens > 0 else None
    match traits.reasoning_request:
        case "reasoning":
            return {"reasoning": _render_object(options, budget, off=off)}
        case "thinking":
            return {"thinking": {"type": "disabled" if off else "enabled"}}
        case "enable_thinking":
            return {"enable_thinking": not off} | ({"thinking_budget": budget} if budget and not off else {})
        case _:
            effort = options.effort or effort_of(options.budget_tokens)
            return {"reasoning_effort": effort} if effort else {}


def _render_object(options: ReasoningOptions, budget: int | None, *, off: bool) -> JsonObject:
    if off:
        return {"enabled": False}
    if budget is not None:
        return {"max_tokens": budget}
    return {"effort": options.effort} if options.effort else {"enabled": True}


def effort_of(budget_tokens: int | None) -> str | None:
    """The effort nearest to a budget of thinking tokens; None when the model is to decide."""
    if budget_tokens is None or budget_tokens < 0:
        return None
    return next((effort for most, effort in _EFFORTS if budget_tokens <= most), "high")
