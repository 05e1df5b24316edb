"""Requests whose end two readers could see in two places, and other heads that a strict reader refuses.

Each stands before a whole request for `/smuggled`; whoever reads it as its sender hopes answers that one too.
"""

from tests.chaos.rig.questions import HOT

INNER = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"0\r\n\r\n"


def head(*lines: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b"POST %b %b" % (HOT.encode(), version), b"Host: x", *lines]) + b"\r\n\r\n"


REFUSED = {
    "length and chunks": head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + CHUNKED,
    "chunks and length": head(b"Transfer-Encoding: chunked", b"Content-Length: 5") + CHUNKED,
    "two lengths that differ": head(b"Content-Length: 2", b"Content-Length: 5") + b"{}abc",
    "lengths in a list": head(b"Content-Length: 2, 5") + b"{}",
    "a length with a sign": head(b"Content-Length: +2") + b"{}",
    "a negative length": head(b"Content-Length: -2") + b"{}",
    "a length in hexadecimal": head(b"Content-Length: 0x2") + b"{}",
    "a length beyond 64 bits": head(b"Content-Length: 18446744073709551618") + b"{}",
    "a length that is a word": head(b"Content-Length: two") + b"{}",
    "no length where one is named": head(b"Content-Length: ") + b"{}",
    "a space before the colon": head(b"Content-Length : 2") + b"{}",
    "chunks with a space before the colon": head(b"Transfer-Encoding : chunked") + CHUNKED,
    "chunks not last": head(b"Transfer-Encoding: chunked, identity") + CHUNKED,
    "chunks of another kind": head(b"Transfer-Encoding: xchunked") + CHUNKED,
    "chunks in HTTP/1.0": head(b"Transfer-Encoding: chunked", version=b"HTTP/1.0") + CHUNKED,
    "chunk size with a sign": head(b"Transfer-Encoding: chunked") + b"-1\r\n\r\n",
    "chunk size beyond 64 bits": head(b"Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n",
    "chunk size 0x2": head(b"Transfer-Encoding: chunked") + b"0x2\r\n{}\r\n0\r\n\r\n",
    "chunk longer than said": head(b"Transfer-Encoding: chunked") + b"2\r\n{}abc\r\n0\r\n\r\n",
    "chunk that ends in a bare line feed": head(b"Transfer-Encoding: chunked") + b"2\r\n{}\n0\n\n",
    "a header without a colon": head(b"Content-Length") + b"{}",
    "a header name with a space": head(b"Bad Name: x", b"Content-Length: 2") + b"{}",
    "a NUL in a value": head(b"X: a\0b", b"Content-Length: 2") + b"{}",
    "a bare carriage return in a value": head(b"X: a\rContent-Length: 9", b"Content-Length: 2") + b"{}",
    "a method that is none": b"POSTT " + HOT.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a version that is none": head(b"Content-Length: 2", version=b"HTTP/9.9") + b"{}",
    "a version in lower case": head(b"Content-Length: 2", version=b"http/1.1") + b"{}",
    "a space in the target": b"POST /a b HTTP/1.1\r\nHost: x\r\n\r\n",
}
"""What has to be answered 400, and the connection closed: nothing behind it is read as a request."""

UNCLEAR = {
    "the same length twice": head(b"Content-Length: 2", b"Content-Length: 2") + b"{}",
    "a folded header": head(b"X: a", b" Content-Length: 9", b"Content-Length: 2") + b"{}",
    "chunks in capitals": head(b"Transfer-Encoding: CHUNKED") + CHUNKED,
    "chunks behind a tab": head(b"Transfer-Encoding:\tchunked") + CHUNKED,
    "chunks behind another coding": head(b"Transfer-Encoding: gzip, chunked") + CHUNKED,
    "a chunk extension": head(b"Transfer-Encoding: chunked") + b"0;a=b\r\n\r\n",
    "trailers": head(b"Transfer-Encoding: chunked") + b"0\r\nContent-Length: 9\r\n\r\n",
    "a zero before the length": head(b"Content-Length: 02") + b"{}",
    "a tab before the length": head(b"Content-Length:\t2") + b"{}",
    "bare line feeds": head(b"Content-Length: 2").replace(b"\r\n", b"\n") + b"{}",
    "empty lines first": b"\r\n\r\n" + head(b"Content-Length: 2") + b"{}",
    "a whole address as target": b"GET http://evil.com/v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target with dots": b"GET /web/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target with escapes": b"GET /web/%2e%2e/%2e%2e/etc/passwd%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no Host": b"GET /v2/health/live HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "a body with GET": b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
    "an upgrade to HTTP/2": head(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"Content-Length: 2") + b"{}",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"GET /v2/health/live\r\n",
    "CONNECT": b"CONNECT evil.com:443 HTTP/1.1\r\nHost: evil.com\r\n\r\n",
    "TRACE": b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an asterisk as target": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "an expectation that is none": head(b"Expect: 200-ok", b"Content-Length: 2") + b"{}",
    "Connection that names a length": head(b"Connection: Content-Length", b"Content-Length: 2") + b"{}",
    "a header with bytes above 127": head(b"X-\xff: \xfe", b"Content-Length: 2") + b"{}",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
}
"""What may be read one way or be refused, but in the same way on every path."""
