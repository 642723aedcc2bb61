"""One HTTP request to a provider, as plain values."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct


class Origin(Struct, frozen=True):
    """Where to connect: what connections are pooled by.

    Attributes:
        scheme: `http` or `https`.
        host: name or address, in lower case, IPv6 without brackets.
        port: always given, also when it is the scheme's own.
    """

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> tuple[Origin, str]:
        """An origin and the target (path and query) that follows it.

        Raises:
            ValueError: it is no http or https address with a host and a port between 1 and 65535.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
            raise ValueError(f"{url!r} is no http:// or https:// address")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)), target

    @property
    def authority(self) -> str:
        """The value of the `Host` header; the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class HttpRequest(Struct, frozen=True):
    """A request ready to be sent, but for what the transport adds itself (`host`, `content-length`, `connection`).

    Attributes:
        target: path and query, already quoted.
        headers: names in lower case.
    """

    origin: Origin
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def url(self) -> str:
        """The whole address, for signing and for logs."""
        return f"{self.origin}{self.target}"

    def encode(self) -> tuple[bytes, bytes]:
        """Head and body as they go over the wire."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"host: {self.origin.authority}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"content-length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), self.body
