"""Which keys are known. Only digests are kept, so nothing that is printed or dumped gives a key away."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from gamma.types.principal import Principal
from gamma.types.secret import Secret

PREFIX = "gm-"


def digest(key: str | bytes) -> bytes:
    """SHA-256 of a key. Keys carry 256 random bits, so a slow hash would add nothing but time."""
    return hashlib.sha256(key.encode() if isinstance(key, str) else key).digest()


def new_key() -> Secret:
    """A fresh key: `gm-` and 43 characters of randomness."""
    return Secret(PREFIX + secrets.token_urlsafe(32))


class Keys:
    """Principals by key.

    Args:
        keys: in clear, by the principal's name; only their digests are kept.
        admin: digest of the admin key.
    """

    def __init__(self, keys: Mapping[str, Secret], admin: bytes | None = None) -> None:
        self._principals = {digest(key.reveal()): Principal(name) for name, key in keys.items()}
        if admin is not None:
            self._principals[admin] = Principal("admin", admin=True)

    def find(self, key: bytes) -> Principal | None:
        """The owner of a key; None when it is unknown. Time does not depend on how much of a key is right."""
        return self._principals.get(hashlib.sha256(key).digest())


def bootstrap(path: Path) -> tuple[bytes, Secret | None]:
    """The admin key's digest, made and stored on first start.

    Args:
        path: file that holds the digest in hexadecimal, readable by its owner only.

    Returns:
        The digest, and the key itself when it was made just now: it is shown once and stored nowhere.
    """
    if path.exists():
        return bytes.fromhex(path.read_text().strip()), None
    key = new_key()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(digest(key.reveal()).hex() + "\n")
    return digest(key.reveal()), key
