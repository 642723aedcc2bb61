"""Messages to input items, every part in its place."""

from __future__ import annotations

from msgspec import Struct

from gamma.types.chat import JsonObject, Media, Message, Opaque, Part, Reasoning, Refusal, Text, ToolCall, ToolResult
from gamma.wire.openai_responses.content import render_content
from gamma.wire.openai_responses.names import NAME


class Rendering(Struct, frozen=True, kw_only=True):
    """How a target wants its input items.

    Attributes:
        own: the caller spoke this dialect, so what only it knows may be sent.
        stored: the provider keeps answers, so reasoning items can be found by their id.
        flatten: content of text alone becomes one string.
        system_role: what a `developer` message becomes.
        reasoning_text: the target takes plain reasoning text, whoever wrote it.
    """

    own: bool = False
    stored: bool = False
    flatten: bool = False
    system_role: str = "system"
    reasoning_text: bool = False


def render_input(messages: tuple[Message, ...], rendering: Rendering) -> list[JsonObject]:
    """The items of `input`, in the order of the parts."""
    items = _Items(rendering)
    for message in messages:
        if message.role == "assistant":
            items.add_assistant(message.parts)
        elif message.role == "tool":
            for part in message.parts:
                items.add_tool_part(part)
        else:
            items.add_message(message)
    return items.items


class _Items:
    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._custom: set[str] = set()  # ids of custom calls, whose outputs have a type of their own
        self.items: list[JsonObject] = []

    def add_message(self, message: Message) -> None:
        """A user's, developer's or system's message; tool results inside one go before it."""
        for part in message.parts:
            if isinstance(part, ToolResult):
                self.add_tool_part(part)
        parts = tuple(part for part in message.parts if not isinstance(part, ToolResult))
        content = self._content(parts)
        if content or (not message.parts):
            role = self._rendering.system_role if message.role == "developer" else message.role
            self.items.append({"type": "message", "role": role, "content": content})

    def add_tool_part(self, part: Part) -> None:
        """One tool's output."""
        if isinstance(part, Opaque) and part.dialect == NAME:
            self.items.append(part.value)
        if not isinstance(part, ToolResult):
            return
        custom = part.kind == "custom" or part.call_id in self._custom
        output: str | list[JsonObject]
        if all(isinstance(inner, Text) for inner in part.parts) and len(part.parts) < 2:
            output = "".join(inner.text for inner in part.parts if isinstance(inner, Text))
        else:
            output = self._content(part.parts)
        kind = "custom_tool_call_output" if custom else "function_call_output"
        self.items.append({"type": kind, "call_id": part.call_id, "output": output})

    def add_assistant(self, parts: tuple[Part, ...]) -> None:
        """What the model said: each run of text is a message, everything else an item of its own."""
        texts: list[Text | Refusal] = []
        for part in parts:
            if isinstance(part, Text | Refusal):
                if texts and _phase(texts[-1]) != _phase(part):
                    self._flush(texts)
                texts.append(part)
                continue
            self._flush(texts)
            item = self._assistant_item(part)
            if item is not None:
                self.items.append(item)
        self._flush(texts)

    def _flush(self, texts: list[Text | Refusal]) -> None:
        if not texts:
            return
        content: str | list[JsonObject]
        if self._rendering.flatten and all(isinstance(part, Text) for part in texts):
            content = "".join(part.text for part in texts)
        else:
            content = [
                {"type": "output_text", "text": part.text}
                if isinstance(part, Text)
                else {"type": "refusal", "refusal": part.text}
                for part in texts
            ]
        item: JsonObject = {"type": "message", "role": "assistant", "content": content}
        if self._rendering.own and (phase := _phase(texts[-1])) is not None:
            item["phase"] = phase
        texts.clear()
        self.items.append(item)

    def _assistant_item(self, part: Part) -> JsonObject | None:
        if isinstance(part, ToolCall):
            return self._call(part)
        if isinstance(part, Reasoning):
            return self._reasoning(part)
        if isinstance(part, Media) and part.options and part.options.get("type") == "image_generation_call":
            return {**part.options, "result": part.data}
        if isinstance(part, Opaque) and part.dialect == NAME:
            return part.value
        return None

    def _call(self, call: ToolCall) -> JsonObject:
        if call.kind == "custom":
            self._custom.add(call.id)
            return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": call.arguments}
        return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments or "{}"}

    def _reasoning(self, part: Reasoning) -> JsonObject | None:
        """The item, or None where the provider could not make sense of it.

        An id alone is looked up in the provider's store, so it goes only where the answer was kept; text alone goes
        where the text is the reasoning itself (recorded: deepseek) or the target asks for it.
        """
        ours = part.dialect == NAME
        encrypted = part.encrypted if ours else None
        found = ours and part.id is not None and self._rendering.stored
        plain = bool(part.text) and ((ours and part.raw) or self._rendering.reasoning_text)
        if encrypted is None and not plain and not found:
            return None
        item: JsonObject = {"type": "reasoning", "summary": []}
        if ours and part.id is not None:
            item["id"] = part.id
        if part.text and (part.raw or (encrypted is None and not found)):
            item["content"] = [{"type": "reasoning_text", "text": part.text}]
        elif part.text:
            item["summary"] = [{"type": "summary_text", "text": part.text}]
        if encrypted is not None:
            item["encrypted_content"] = encrypted
        return item

    def _content(self, parts: tuple[Part, ...]) -> str | list[JsonObject]:
        return render_content(parts, flatten=self._rendering.flatten, breakpoints=self._rendering.own)


def _phase(part: Text | Refusal) -> str | None:
    return part.phase if isinstance(part, Text) else None
