"""JSON in another encoding than UTF-8, as clients from the time of RFC 4627 send it -> UTF-8.

The first characters of JSON are ASCII, so the places of zero bytes tell the encoding, where no mark does.
"""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE

MARKS = (
    (BOM_UTF8, "UTF-8"),
    (BOM_UTF32_LE, "UTF-32-LE"),  # begins as UTF-16's does
    (BOM_UTF32_BE, "UTF-32-BE"),
    (BOM_UTF16_LE, "UTF-16-LE"),
    (BOM_UTF16_BE, "UTF-16-BE"),
)
ZEROS: dict[tuple[bool, ...], str] = {
    (True, True, True, False): "UTF-32-BE",
    (False, True, True, True): "UTF-32-LE",
    (True, False, True, False): "UTF-16-BE",
    (False, True, False, True): "UTF-16-LE",
}


class NoText(Exception):
    """Its text names the encoding that a body seems to be in, and is not."""


def as_utf8(body: bytes) -> bytes | None:
    """The body in UTF-8 and without its mark, or None where it is in no other encoding. Raises NoText."""
    for mark, encoding in MARKS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], encoding)
    found = ZEROS.get(tuple(byte == 0 for byte in body[:4]))
    return None if found is None else _decoded(body, found)


def _decoded(body: bytes, encoding: str) -> bytes:
    try:
        return body if encoding == "UTF-8" else body.decode(encoding).encode()
    except UnicodeError as error:
        raise NoText(f"it begins as {encoding} and is not: {getattr(error, 'reason', error)}") from None
