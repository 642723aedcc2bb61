"""Writes a tiny Llama with random weights as GGUF: a real model for a real server, though it talks nonsense.

Runs in the environment of the server, not in Gamma's: `python tiny_model.py PATH`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gguf  # type: ignore[import-not-found,unused-ignore]  # installed by the test into its own environment
import numpy as np  # type: ignore[import-not-found,unused-ignore]  # as above

LAYERS, WIDTH, HEADS, HIDDEN, CONTEXT = 2, 64, 4, 128, 2048
WORDS = (
    "river",
    "stone",
    "light",
    "slow",
    "north",
    "garden",
    "paper",
    "amber",
    "quiet",
    "seven",
    "door",
    "wind",
    "map",
    "old",
)
TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"


def vocabulary() -> tuple[list[bytes], list[int]]:
    """Tokens and their kinds in the manner of SentencePiece: three control tokens, every byte, some words."""
    kinds = gguf.TokenType
    tokens = [(b"<unk>", kinds.UNKNOWN), (b"<s>", kinds.CONTROL), (b"</s>", kinds.CONTROL)]
    tokens += [(b"<0x%02X>" % byte, kinds.BYTE) for byte in range(256)]
    tokens += [(f"\u2581{word}".encode(), kinds.NORMAL) for word in WORDS]
    return [text for text, _ in tokens], [int(kind) for _, kind in tokens]


def write(path: Path) -> None:
    """Writes the model to a file."""
    random = np.random.default_rng(7)
    tokens, kinds = vocabulary()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([float(-index) for index in range(len(tokens))])
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)

    def normal(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float32)

    voice = normal(len(tokens), WIDTH)
    voice[: len(tokens) - len(WORDS)] = 0  # only words are ever said: bytes at random would not be UTF-8
    writer.add_tensor("token_embd.weight", normal(len(tokens), WIDTH))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    writer.add_tensor("output.weight", voice)
    for block in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{block}.{name}.weight", np.ones(WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{block}.{name}.weight", normal(WIDTH, WIDTH) / WIDTH**0.5)
        for name, shape in (("ffn_gate", (HIDDEN, WIDTH)), ("ffn_up", (HIDDEN, WIDTH)), ("ffn_down", (WIDTH, HIDDEN))):
            writer.add_tensor(f"blk.{block}.{name}.weight", normal(*shape) / WIDTH**0.5)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
