"""Thinking: the caller's wish in either spelling, and what it does to the answer's length (providers.md 5 and 2.6)."""

from __future__ import annotations

from msgspec import Struct

from gamma.types.chat import ChatRequest, JsonObject, Reasoning, ReasoningOptions, ToolCall
from gamma.wire.anthropic_messages.names import NAME, SIGNATURE_FAMILY
from gamma.wire.base import Target
from gamma.wire.fields import Fields

DEFAULT_MAX_TOKENS = 4096
"""The dialect requires a bound; this one is taken where neither the caller nor the catalogue names one."""

_LEAST_BUDGET = 1024  # the API's own lower bound
_BUDGET = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}
_EFFORT = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
_KINDS = ("enabled", "adaptive", "disabled")


class Thinking(Struct, frozen=True, kw_only=True):
    """What thinking comes to in one request.

    Attributes:
        config: the `thinking` object, None to leave it out.
        effort: `output_config.effort`.
        max_tokens: the bound of the whole answer, thinking included.
    """

    config: JsonObject | None = None
    effort: str | None = None
    max_tokens: int

    @property
    def on(self) -> bool:
        """Whether the model will think, which forbids other temperatures and a forced tool."""
        return self.config is not None and self.config.get("type") != "disabled"


def parse_thinking(body: Fields, effort: str | None, extra: JsonObject) -> ReasoningOptions | None:
    """The caller's wish.

    Args:
        body: the request.
        effort: its `output_config.effort`.
        extra: takes a `thinking` object of a kind that the canonical form does not know.
    """
    raw = body.opt_object("thinking")
    if raw is None:
        return ReasoningOptions(effort=effort) if effort else None
    config = Fields(raw, "thinking")
    kind = config.text("type")
    if kind not in _KINDS:
        extra["thinking"] = raw
        return ReasoningOptions(effort=effort) if effort else None
    if kind == "disabled":
        return ReasoningOptions(effort=effort, budget_tokens=0)
    display = config.opt_text("display")
    return ReasoningOptions(
        effort=effort,
        budget_tokens=config.opt_int("budget_tokens", low=_LEAST_BUDGET) or -1 if kind == "enabled" else None,
        adaptive=kind == "adaptive",
        summary="auto" if display == "summarized" else None,
        encrypted=display == "omitted",
    )


def render_thinking(request: ChatRequest, target: Target, *, forced: bool) -> Thinking:
    """What to send.

    Args:
        request: the caller's, already fitted to the target.
        target: its traits say whether the model takes budgets or adaptive thinking.
        forced: a tool must be called, which the API does not allow together with thinking.
    """
    limit = target.max_output_tokens
    wish = request.reasoning
    if request.dialect == NAME:
        max_tokens = request.max_tokens or limit or DEFAULT_MAX_TOKENS
        return Thinking(config=_as_came(wish), effort=wish.effort if wish else None, max_tokens=max_tokens)
    max_tokens = min(request.max_tokens or limit or DEFAULT_MAX_TOKENS, limit or 2**31)
    plain = Thinking(max_tokens=max_tokens)
    if wish is None:
        return plain
    adaptive = wish.adaptive or target.traits.thinking == "adaptive"
    if wish.effort == "none" or wish.budget_tokens == 0:
        return Thinking(config={"type": "disabled"}, max_tokens=max_tokens) if adaptive else plain
    if adaptive:
        effort = _effort(wish)
        config = None if forced else {"type": "adaptive", **({"display": "summarized"} if wish.summary else {})}
        return Thinking(config=config, effort=effort, max_tokens=max_tokens)
    if forced or _unsigned_tool_loop(request):
        return plain
    return _with_budget(_budget(wish), max_tokens, limit, has_bound=request.max_tokens is not None)


def _as_came(wish: ReasoningOptions | None) -> JsonObject | None:
    if wish is None or not (wish.adaptive or wish.budget_tokens is not None):
        return None
    if wish.budget_tokens == 0:
        return {"type": "disabled"}
    config: JsonObject = {"type": "adaptive" if wish.adaptive else "enabled"}
    if not wish.adaptive and wish.budget_tokens and wish.budget_tokens > 0:
        config["budget_tokens"] = wish.budget_tokens
    if wish.summary or wish.encrypted:
        config["display"] = "summarized" if wish.summary else "omitted"
    return config


def _effort(wish: ReasoningOptions) -> str | None:
    if wish.effort is not None:
        return _EFFORT.get(wish.effort)
    budget = wish.budget_tokens
    if budget is None or budget < 0:
        return None
    return next((effort for effort in ("low", "medium", "high", "xhigh") if budget <= _BUDGET[effort]), "max")


def _budget(wish: ReasoningOptions) -> int | None:
    if wish.budget_tokens is not None:
        return max(wish.budget_tokens, _LEAST_BUDGET) if wish.budget_tokens > 0 else _BUDGET["medium"]
    return _BUDGET.get(wish.effort or "")


def _with_budget(budget: int | None, max_tokens: int, limit: int | None, *, has_bound: bool) -> Thinking:
    """The budget beside room for the answer: the bound is raised where the thinking would use it up."""
    if budget is None:
        return Thinking(max_tokens=max_tokens)
    bound = max_tokens
    if budget >= max_tokens or not has_bound:
        bound = min(budget + max_tokens, limit or 2**31)
    budget = min(budget, bound - min(max_tokens, _LEAST_BUDGET))
    if budget < _LEAST_BUDGET:
        return Thinking(max_tokens=max_tokens)
    return Thinking(config={"type": "enabled", "budget_tokens": budget}, max_tokens=bound)


def _unsigned_tool_loop(request: ChatRequest) -> bool:
    """Whether the last turn called tools without signed thinking: the API then refuses `enabled` thinking."""
    for message in reversed(request.messages):
        if message.role == "user":
            return False
        if message.role == "assistant" and any(isinstance(part, ToolCall) for part in message.parts):
            return not any(
                isinstance(part, Reasoning) and part.dialect in SIGNATURE_FAMILY and (part.signature or part.encrypted)
                for part in message.parts
            )
    return False
