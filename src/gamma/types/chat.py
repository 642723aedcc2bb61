"""The canonical conversation: what every dialect is parsed into and rendered from.

N dialects meet here, so a new one needs two translations, never 2N. All values are frozen; tuples, not lists.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from gamma.types.usage import Usage

Role = Literal["system", "developer", "user", "assistant", "tool"]
MediaKind = Literal["image", "audio", "file", "video"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"]
JsonObject = dict[str, Any]


class Citation(Struct, frozen=True, kw_only=True):
    """A source that a span of text rests on. Offsets count characters of the text part that holds it."""

    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    end: int | None = None
    dialect: str = ""  # whose shape `raw` has
    raw: JsonObject | None = None  # the citation as it came, for its own dialect


class Text(Struct, frozen=True, tag="text"):
    """Plain text. `signature` is Gemini's thoughtSignature on a text part, returned unmodified.

    Attributes:
        phase: OpenAI's `commentary` or `final_answer` of the message that holds the text, returned unmodified.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    signature: str | None = None
    cache: JsonObject | None = None  # Anthropic's cache_control object on this part
    phase: str | None = None


class Refusal(Struct, frozen=True, tag="refusal"):
    """The model's stated refusal (OpenAI)."""

    text: str


class Media(Struct, frozen=True, kw_only=True, tag="media"):
    """An image, sound, film or file: exactly one of `data`, `url`, `file_id` or `text` is set.

    Attributes:
        mime_type: such as `image/png` or `application/pdf`; None where the dialect did not say.
        data: base64 text without a `data:` prefix.
        url: http(s), gs or s3 address.
        text: the content of a plain-text document.
        detail: OpenAI's image detail (`auto`, `low`, `high`).
        options: fields that only its own dialect knows (Anthropic's `citations`, `context` ...).
    """

    kind: MediaKind
    mime_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    text: str | None = None
    filename: str | None = None
    detail: str | None = None
    cache: JsonObject | None = None
    options: JsonObject | None = None


class Reasoning(Struct, frozen=True, kw_only=True, tag="reasoning"):
    """Thinking shown beside the answer. Signatures and encrypted data are kept byte-exact.

    Attributes:
        text: the reasoning, or its summary; empty for a redacted block.
        signature: proof that must be returned with the text (Anthropic, Bedrock).
        encrypted: opaque data in place of, or beside, the text (Anthropic redacted_thinking, OpenAI encrypted_content).
        id: item id (OpenAI responses).
        dialect: which dialect issued signature or encrypted data; others must not send it.
        raw: the text is the reasoning itself where its dialect tells that from a summary (OpenAI responses `content`).
    """

    text: str = ""
    signature: str | None = None
    encrypted: str | None = None
    id: str | None = None
    dialect: str = ""
    raw: bool = False


class ToolCall(Struct, frozen=True, kw_only=True, tag="tool_call"):
    """The model asks for a tool. `arguments` is JSON text (for kind `custom`: free text)."""

    id: str
    name: str
    arguments: str = "{}"
    kind: Literal["function", "custom"] = "function"
    signature: str | None = None  # Gemini's thoughtSignature, returned on the same call
    cache: JsonObject | None = None


class ToolResult(Struct, frozen=True, kw_only=True, tag="tool_result"):
    """The caller's answer to a ToolCall. `parts` holds Text and Media only."""

    call_id: str
    parts: tuple[Part, ...] = ()
    name: str | None = None
    is_error: bool = False
    kind: Literal["function", "custom"] = "function"
    cache: JsonObject | None = None


class Opaque(Struct, frozen=True, tag="opaque"):
    """A block that only its own dialect understands (a hosted tool's call or result); others leave it out."""

    dialect: str
    value: JsonObject


Part = Text | Refusal | Media | Reasoning | ToolCall | ToolResult | Opaque


class Message(Struct, frozen=True):
    """One turn. Tool results travel in messages of role `tool`, one or more ToolResult parts each."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None


class Tool(Struct, frozen=True, kw_only=True):
    """A tool that the model may call.

    Attributes:
        parameters: JSON Schema of the arguments, as the caller wrote it; None when absent.
        kind: `function`; `custom` (OpenAI free-text tools); `hosted` (run by the provider: `raw` in `dialect`'s shape).
    """

    name: str
    description: str | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None
    kind: Literal["function", "custom", "hosted"] = "function"
    dialect: str = ""
    raw: JsonObject | None = None
    cache: JsonObject | None = None


class ToolChoice(Struct, frozen=True, kw_only=True):
    """Whether a tool must be called. `names`: one for `named`, one or more for `allowed`."""

    mode: Literal["auto", "none", "required", "named", "allowed"]
    names: tuple[str, ...] = ()
    required: bool = False  # with `allowed`: one of the names must be called


class ResponseFormat(Struct, frozen=True, kw_only=True):
    """Structured output: JSON mode, or JSON that satisfies a JSON Schema."""

    kind: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema: JsonObject | None = None
    strict: bool | None = None


class ReasoningOptions(Struct, frozen=True, kw_only=True):
    """How much the model may think.

    Attributes:
        effort: `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`; None when the caller did not say.
        budget_tokens: upper bound of thinking tokens; 0 switches thinking off, -1 leaves it to the model.
        adaptive: Anthropic's `{"type": "adaptive"}`.
        summary: OpenAI's `auto`, `concise` or `detailed`; for others any value means: show the thinking.
        encrypted: the caller wants encrypted reasoning back (`include: ["reasoning.encrypted_content"]`).
    """

    effort: str | None = None
    budget_tokens: int | None = None
    adaptive: bool = False
    summary: str | None = None
    encrypted: bool = False


class ChatRequest(Struct, frozen=True, kw_only=True):
    """One request for an answer. None means that the caller did not say, so nothing is sent.

    Attributes:
        dialect: the dialect that the caller spoke (a wire's name); `extra` and Opaque parts follow it.
        include_usage: the caller wants token counts at the end of the stream.
        metadata: the caller's labels (OpenAI metadata, Bedrock requestMetadata).
        user: the caller's own end user.
        extra: top-level fields that the canonical form does not know, as they came.
    """

    model: str
    messages: tuple[Message, ...]
    dialect: str = ""
    stream: bool = False
    include_usage: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning: ReasoningOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    n: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    verbosity: str | None = None
    modalities: tuple[str, ...] = ()
    audio: JsonObject | None = None
    prediction: JsonObject | None = None
    web_search: JsonObject | None = None
    user: str | None = None
    metadata: JsonObject | None = None
    service_tier: str | None = None
    store: bool | None = None
    prompt_cache_key: str | None = None
    previous_response_id: str | None = None
    suffix: str | None = None  # legacy completions: text after the gap to fill
    extra: JsonObject = {}


class TokenLogprob(Struct, frozen=True, kw_only=True):
    """A token's natural-log probability. `utf8` holds its bytes where the provider gave them."""

    token: str
    logprob: float
    utf8: tuple[int, ...] | None = None
    top: tuple[TokenLogprob, ...] = ()


class Choice(Struct, frozen=True, kw_only=True):
    """One of the answers. `finish_raw` keeps the provider's own word for why it ended."""

    parts: tuple[Part, ...] = ()
    finish: FinishReason = "stop"
    finish_raw: str | None = None
    stop_sequence: str | None = None
    index: int = 0
    logprobs: tuple[TokenLogprob, ...] | None = None


class ChatResponse(Struct, frozen=True, kw_only=True):
    """A whole answer. `created` is seconds since 1970, 0 when unknown; `usage` is None when the provider gave none."""

    choices: tuple[Choice, ...]
    id: str = ""
    model: str = ""
    created: int = 0
    usage: Usage | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    dialect: str = ""
    extra: JsonObject = {}
