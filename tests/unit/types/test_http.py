"""Origins and requests as plain values."""

from __future__ import annotations

import pytest

from gamma.types.http import HttpRequest, Origin


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://H.example/a?b=c", Origin("https", "h.example", 443), "/a?b=c"),
        ("http://h:8080", Origin("http", "h", 8080), "/"),
        ("http://[::1]:9/x", Origin("http", "::1", 9), "/x"),
    ],
)
def test_an_address_is_an_origin_and_a_target(url, origin, target):
    assert Origin.parse(url) == (origin, target)


@pytest.mark.parametrize("url", ["ftp://h", "h:80", "https://", "http://h:99999", "http://h:0/"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match=r"address|range|[Pp]ort"):
        Origin.parse(url)


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("https", "h", 443), "h"),
        (Origin("https", "h", 80), "h:80"),
        (Origin("http", "::1", 80), "[::1]"),
        (Origin("http", "::1", 81), "[::1]:81"),
    ],
)
def test_the_host_header_leaves_the_schemes_port_out(origin, authority):
    assert origin.authority == authority


def test_a_request_is_written_with_host_and_length():
    request = HttpRequest(Origin("http", "h", 81), "POST", "/x", (("a", "b"),), b"{}")
    assert request.encode() == (b"POST /x HTTP/1.1\r\nhost: h:81\r\na: b\r\ncontent-length: 2\r\n\r\n", b"{}")
    assert request.url == "http://h:81/x"
