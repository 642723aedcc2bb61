"""Token log probabilities of output text."""

from __future__ import annotations

from collections.abc import Iterable

from gamma.types.chat import JsonObject, TokenLogprob


def parse_logprobs(values: object) -> tuple[TokenLogprob, ...]:
    """Log probabilities as a provider sent them; what is none is left out."""
    if not values or not isinstance(values, list):
        return ()
    return tuple(token for value in values if (token := _parse(value)) is not None)


def _parse(value: object) -> TokenLogprob | None:
    if not isinstance(value, dict):
        return None
    token, logprob, utf8 = value.get("token"), value.get("logprob"), value.get("bytes")
    if not isinstance(token, str) or not isinstance(logprob, int | float):
        return None
    return TokenLogprob(
        token=token,
        logprob=float(logprob),
        utf8=tuple(utf8) if isinstance(utf8, list) else None,
        top=parse_logprobs(value.get("top_logprobs")),
    )


def render_logprobs(tokens: Iterable[TokenLogprob]) -> list[JsonObject]:
    """Log probabilities with every field that the official types require."""
    return [{**_render(token), "top_logprobs": [_render(top) for top in token.top]} for token in tokens]


def _render(token: TokenLogprob) -> JsonObject:
    utf8 = token.utf8 if token.utf8 is not None else tuple(token.token.encode("utf-8", "surrogatepass"))
    return {"token": token.token, "logprob": token.logprob, "bytes": list(utf8)}
