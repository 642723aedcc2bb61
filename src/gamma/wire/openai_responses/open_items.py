"""Output items of a served stream while they are being written: each opens, grows and closes by the API's own events."""

from __future__ import annotations

from gamma.types.chat import Citation, JsonObject, Reasoning, TokenLogprob, ToolCall
from gamma.wire.events import ReasoningDelta, TextDelta, ToolCallStarted
from gamma.wire.openai_responses.annotations import render_annotation
from gamma.wire.openai_responses.logprobs import render_logprobs
from gamma.wire.openai_responses.output import call_item, empty_to_object, message_item, reasoning_item, text_part
from gamma.wire.openai_responses.writer import NO_LOGPROBS, EventWriter, delta_head, logprobs_tail


class OpenMessage:
    """An assistant's message: text and refusal parts, one open at a time."""

    def __init__(self, writer: EventWriter, item_id: str, index: int, phase: str | None) -> None:
        self.phase = phase
        self._writer = writer
        self._place: JsonObject = {"item_id": item_id, "output_index": index}
        self._content: list[JsonObject] = []  # closed parts
        self._block: int | None = None  # of the open text part; -1 while a refusal is open
        self._head = b""
        self._texts: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._citations: list[Citation] = []
        self._signature: str | None = None
        writer.put("response.output_item.added", self._item_event(message_item(item_id, [], "in_progress", phase)))

    def text(self, event: TextDelta) -> None:
        """More text; another block is another part."""
        if self._block != event.block:
            self._open(event.block, {"type": "output_text", "text": "", "annotations": [], "logprobs": []})
            self._head = delta_head("response.output_text.delta", self._part_place())
        self._texts.append(event.text)
        if event.signature is not None:
            self._signature = (self._signature or "") + event.signature
        if event.logprobs:
            self._logprobs.extend(event.logprobs)
            self._writer.put_delta(self._head, event.text, logprobs_tail(render_logprobs(event.logprobs)))
        elif event.text:
            self._writer.put_delta(self._head, event.text, NO_LOGPROBS)

    def refusal(self, text: str) -> None:
        """More of a refusal."""
        if self._block != -1:
            self._open(-1, {"type": "refusal", "refusal": ""})
            self._head = delta_head("response.refusal.delta", self._part_place())
        self._texts.append(text)
        self._writer.put_delta(self._head, text)

    def cite(self, citation: Citation) -> bool:
        """A source of the text; False where no text is there to carry it."""
        if self._block is None or self._block < 0:
            return False
        annotation = render_annotation(citation, "".join(self._texts))
        fields = {**self._part_place(), "annotation_index": len(self._citations), "annotation": annotation}
        self._writer.put("response.output_text.annotation.added", fields)
        self._citations.append(citation)
        return True

    def close(self, status: str) -> JsonObject:
        """Ends the message and returns its item."""
        self._close_part()
        item = message_item(self._place["item_id"], self._content, status, self.phase)
        self._writer.put("response.output_item.done", self._item_event(item))
        return item

    def _item_event(self, item: JsonObject) -> JsonObject:
        return {"output_index": self._place["output_index"], "item": item}

    def _part_place(self) -> JsonObject:
        return {**self._place, "content_index": len(self._content)}

    def _open(self, block: int, part: JsonObject) -> None:
        self._close_part()
        self._block = block
        self._writer.put("response.content_part.added", {**self._part_place(), "part": part})

    def _close_part(self) -> None:
        if self._block is None:
            return
        place, text = self._part_place(), "".join(self._texts)
        if self._block < 0:
            part: JsonObject = {"type": "refusal", "refusal": text}
            self._writer.put("response.refusal.done", {**place, "refusal": text})
        else:
            part = text_part(text, self._citations, self._logprobs, self._signature)
            self._writer.put("response.output_text.done", {**place, "text": text, "logprobs": part["logprobs"]})
        self._writer.put("response.content_part.done", {**place, "part": part})
        self._content.append(part)
        self._block, self._signature = None, None
        for collected in (self._texts, self._logprobs, self._citations):
            collected.clear()


class OpenReasoning:
    """A reasoning item: one summary part, or one part of raw reasoning text."""

    def __init__(self, writer: EventWriter, item_id: str, index: int, first: ReasoningDelta) -> None:
        self.block = first.block
        self.id = first.id
        self._raw = first.raw
        self._writer = writer
        self._place: JsonObject = {"item_id": item_id, "output_index": index}
        self._texts: list[str] = []
        self._signature: str | None = None
        self._encrypted: str | None = None
        self._dialect = first.dialect
        item = reasoning_item(item_id, Reasoning(), "in_progress")
        writer.put("response.output_item.added", {"output_index": index, "item": item})
        kind = "reasoning_text" if first.raw else "reasoning_summary_text"
        self._part_place: JsonObject = {**self._place, "content_index" if first.raw else "summary_index": 0}
        self._kind = f"response.{kind}"
        self._head = delta_head(f"{self._kind}.delta", self._part_place)

    def add(self, event: ReasoningDelta) -> None:
        """More reasoning, or the proof of it."""
        if event.text:
            if not self._texts:
                self._put_part("added", "")
            self._texts.append(event.text)
            self._writer.put_delta(self._head, event.text)
        if event.signature is not None:
            self._signature = (self._signature or "") + event.signature
        if event.encrypted is not None:
            self._encrypted = (self._encrypted or "") + event.encrypted
        self._dialect = self._dialect or event.dialect

    def close(self, status: str) -> JsonObject:
        """Ends the reasoning and returns its item."""
        text = "".join(self._texts)
        if self._texts:
            self._writer.put(f"{self._kind}.done", {**self._part_place, "text": text})
            self._put_part("done", text)
        whole = Reasoning(
            text=text, signature=self._signature, encrypted=self._encrypted, dialect=self._dialect, raw=self._raw
        )
        item = reasoning_item(self._place["item_id"], whole, status)
        self._writer.put("response.output_item.done", {"output_index": self._place["output_index"], "item": item})
        return item

    def _put_part(self, step: str, text: str) -> None:
        kind = "response.content_part" if self._raw else "response.reasoning_summary_part"
        part = {"type": "reasoning_text" if self._raw else "summary_text", "text": text}
        self._writer.put(f"{kind}.{step}", {**self._part_place, "part": part})


class OpenCall:
    """A tool call; several may be open at once, since providers interleave them."""

    def __init__(self, writer: EventWriter, item_id: str, index: int, started: ToolCallStarted) -> None:
        self.index = index
        self._custom = started.kind == "custom"
        self._writer = writer
        self._place: JsonObject = {"item_id": item_id, "output_index": index}
        self._call = ToolCall(
            id=started.id or f"call_{item_id}",
            name=started.name,
            arguments="",
            kind="custom" if self._custom else "function",
            signature=started.signature,
        )
        self._arguments: list[str] = []
        self._kind = "response.custom_tool_call_input" if self._custom else "response.function_call_arguments"
        self._head = delta_head(f"{self._kind}.delta", self._place)
        item = call_item(item_id, self._call, "in_progress")
        writer.put("response.output_item.added", {"output_index": index, "item": item})

    def add(self, arguments: str) -> None:
        """More of the arguments."""
        if arguments:
            self._arguments.append(arguments)
            self._writer.put_delta(self._head, arguments)

    def close(self, status: str) -> JsonObject:
        """Ends the call and returns its item."""
        text = "".join(self._arguments)
        if not self._custom and not text.strip():
            text = empty_to_object(text)
            self._writer.put_delta(self._head, text)
        call = ToolCall(
            id=self._call.id, name=self._call.name, arguments=text, kind=self._call.kind, signature=self._call.signature
        )
        if self._custom:
            self._writer.put(f"{self._kind}.done", {**self._place, "input": text})
        else:
            self._writer.put(f"{self._kind}.done", {**self._place, "name": call.name, "arguments": text})
        item = call_item(self._place["item_id"], call, status)
        self._writer.put("response.output_item.done", {"output_index": self.index, "item": item})
        return item
