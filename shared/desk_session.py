"""The desk's session in a browser: the issuer's token in a cookie, which every service of the origin may check."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

HOME: Final = "/desk"
_COOKIE: Final = "ntbcare_desk"


def cookie_name(name: str = _COOKIE, *, secure: bool) -> str:
    """Over https its prefix makes browsers keep it to this host."""
    return f"__Host-{name}" if secure else name


def token_in(cookies: Mapping[str, str]) -> str | None:
    return cookies.get(cookie_name(secure=True)) or cookies.get(cookie_name(secure=False))


def form_token(token: str) -> str:
    """Goes into every form. It follows from the cookie, which no other site can read."""
    return hashlib.sha256(f"csrf\n{token}".encode()).hexdigest()


def is_form_of(token: str, sent: str) -> bool:
    return hmac.compare_digest(form_token(token).encode(), sent.encode())


def local_path(wanted: str) -> str:
    """A path of the desk: nobody is sent elsewhere by a crafted link."""
    parts = urlsplit(wanted)
    is_local = not parts.scheme and not parts.netloc and (parts.path == HOME or parts.path.startswith(f"{HOME}/"))
    return wanted if is_local and "\\" not in wanted else HOME


def comes_from_elsewhere(request: Request) -> bool:
    """Whether another site's page sent it, as browsers tell."""
    origin = request.headers.get("origin")
    if request.headers.get("sec-fetch-site") == "cross-site":
        return True
    return origin is not None and origin != "null" and urlsplit(origin).netloc != request.headers.get("host")
