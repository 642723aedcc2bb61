"""One vendor of the catalogue: everything that is data about who it is and where."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from gamma.wire.base import Traits

WORKED_ROUND = frozenset({"allowed_tools", "tool_signature"})
"""Extensions of OpenAI's chat dialect that few servers know and strict ones refuse; the wire works round them."""


class Variable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value that stands in a row's address, paths or headers as `{name}`, or that its authentication needs.

    Attributes:
        env: environment variables to take it from, the first that is set.
        default: what it is otherwise; None makes it required.
        secret: whether it is a credential and must not be shown.
    """

    env: tuple[str, ...] = ()
    default: str | None = None
    secret: bool = False


class Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One row of `providers.toml`.

    Attributes:
        title: the vendor's name for people.
        base_url: where it is; may hold `{variables}`.
        base_url_env: environment variables that replace `base_url`; setting one switches a keyless server on.
        env: environment variables to take the key from, the first that is set.
        on: further variables whose presence switches the row on where a key is not the only credential (clouds).
        variables: what stands in braces, by name.
        auth: file under `gamma.providers.auth`, dashes for underscores: how requests are authorised.
        headers: sent with every request; values may hold `{variables}`.
        wires: chat dialects it speaks for every model, the preferred one first.
        paths: path below `base_url` (or from `{origin}`, or a whole address), by wire name or `embeddings`, `rerank`,
            `count_tokens`; `.stream` behind the name says where streams differ. What is not named has the dialect's path.
        embeddings: file under `gamma.wire.embeddings`.
        rerank: file under `gamma.wire.rerank`.
        traits: its flavour of the dialects.
        takes: of the extensions in `WORKED_ROUND`, those that it understands.
        rename: top-level request keys that it spells otherwise.
        drop: top-level request keys that it refuses and that ask for nothing an answer would lack.
        exact: wires whose answers satisfy the strict types of the official SDK, shown by recordings; they pass untouched.
        prices: provider id in genai-prices.
        free: self-hosted: answers cost nothing, and a key is optional.
        docs: page of the vendor's reference.
    """

    title: str
    base_url: str
    docs: str
    base_url_env: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    variables: dict[str, Variable] = {}
    auth: str = "bearer"
    headers: dict[str, str] = {}
    wires: tuple[str, ...] = ()
    paths: dict[str, str] = {}
    embeddings: str | None = None
    rerank: str | None = None
    traits: Traits = Traits()
    takes: frozenset[str] = frozenset()
    rename: dict[str, str] = {}
    drop: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()
    prices: str | None = None
    free: bool = False

    @property
    def flavour(self) -> Traits:
        """The traits, with the extensions that it does not take among `unsupported`."""
        return replace(self.traits, unsupported=self.traits.unsupported | (WORKED_ROUND - self.takes))

    @property
    def key_required(self) -> bool:
        """Whether it cannot be called without a key of its own: not free, and not a cloud with other credentials."""
        return not self.free and self.auth not in {"aws", "google"}
