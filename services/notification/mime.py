"""A finished message: one text in plain and in HTML, ready for SMTP.

Written by hand: the structure is always the same, and the library's ways take 0.3 to 1.6 ms a message.
"""

import binascii
import re
from collections.abc import Mapping
from email.header import Header
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PART: Final = 'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


def alternative(headers: Mapping[str, str], text: str, html: str, boundary: str) -> bytes:
    """Lay out the message. No value can begin another header: each is made one line first."""
    head = [f"{name}: {encoded(name, value)}" for name, value in headers.items()]
    head += ["MIME-Version: 1.0", f'Content-Type: multipart/alternative; boundary="{boundary}"']
    parts = [
        _PART.format(subtype=subtype).encode() + _quoted(content)
        for subtype, content in (("plain", text), ("html", html))
    ]
    line = f"\r\n--{boundary}".encode()
    return "\r\n".join([*head, ""]).encode() + b"".join(line + b"\r\n" + part for part in parts) + line + b"--\r\n"


def one_line(value: str) -> str:
    return " ".join(_CONTROLS.sub(" ", value).split())


def encoded(name: str, value: str) -> str:
    line = one_line(value)
    # What is longer than a line should be is folded; the library does that, and is only asked when it must. What has no
    # blank, such as a link, is one word: the library would cut it at its punctuation.
    short = len(name) + len(line) < 76  # noqa: PLR2004 - of RFC 5322, less the colon and the space
    if line.isascii() and (short or " " not in line):
        return line
    return Header(line, "us-ascii" if line.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")


def _quoted(content: str) -> bytes:
    return binascii.b2a_qp("\r\n".join(content.splitlines()).encode() + b"\r\n", istext=True)
