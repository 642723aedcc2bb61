"""Token counts of one request, in one arithmetic for every provider."""

from __future__ import annotations

from msgspec import Struct


class Usage(Struct, frozen=True, kw_only=True):
    """Tokens read and written, and the parts they consist of.

    `input_tokens` holds everything the model read: fresh, cache reads and cache writes. `output_tokens` holds everything
    it wrote: visible text, tool calls and reasoning. The parts never exceed their whole; wires convert providers that
    count otherwise (providers.md 2.4: Anthropic and Bedrock leave the cache out of the input, xAI leaves reasoning out of
    the output, Gemini leaves thoughts out of the candidates).

    Attributes:
        cost_usd: the cost that the provider itself reported, in US dollars; None when it reported none.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0  # the part of cache_write_tokens kept for one hour (priced higher by Anthropic)
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    cost_usd: float | None = None

    @property
    def total_tokens(self) -> int:
        """Input plus output tokens."""
        return self.input_tokens + self.output_tokens
