"""`Accept-Language`: names in the language asked for, beside both that every label has; and what went wrong in words.

Nothing is taken away, so that a reader that ignores languages reads what it always did. An answer without the header
is in no language: labels carry both, problems are in English.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.reporting.api.problem_words import in_indonesian
from shared.events.event import Language
from shared.problems import MEDIA_TYPE

_PATHS: Final = ("/v1/", "/data/")
_JSON: Final = "application/json"
_LABEL: Final = {language.value for language in Language}


class Languages:
    """Speaks the language asked for in whole JSON answers of the API; streams pass as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return
        language = preferred_language(Headers(scope=scope).get("accept-language", ""))
        await self._app(scope, receive, _Speaking(language, send).pass_on)


class _Speaking:
    """Holds the start back until the first piece of the body shows whether it is the whole."""

    def __init__(self, language: Language | None, send: Send) -> None:
        self._language = language
        self._send = send
        self._start: Message | None = None

    async def pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if not message.get("more_body", False):
                message = self._say(start, message)
            await self._send(start)
        await self._send(message)

    def _say(self, start: Message, message: Message) -> Message:
        headers = MutableHeaders(raw=start["headers"])
        kind = headers.get("content-type", "").partition(";")[0]
        if kind not in {_JSON, MEDIA_TYPE}:
            return message
        if "no-store" not in headers.get("cache-control", ""):
            headers.add_vary_header("Accept-Language")
        if self._language is None:
            return message
        headers["Content-Language"] = self._language.value
        content = json.loads(message["body"])
        told = say_problem(content, self._language) if kind == MEDIA_TYPE else say_names(content, self._language)
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        headers["Content-Length"] = str(len(body))
        return {**message, "body": body}


def preferred_language(accepted: str) -> Language | None:
    """The one of ours that is liked best; None where none is named."""
    liked = dict[Language, float]()
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        code = name.strip().partition("-")[0].lower()
        if code in _LABEL:
            liked[Language(code)] = max(liked.get(Language(code), 0.0), _weight(weight))
    best = max(liked, key=lambda language: liked[language], default=None)
    return best if best and liked[best] > 0 else None


def say_names(content: Any, language: Language) -> Any:
    """Every label with `name` beside `id` and `en`."""
    if isinstance(content, list):
        return [say_names(each, language) for each in content]
    if not isinstance(content, dict):
        return content
    if content.keys() == _LABEL:
        return content | {"name": content[language.value]}
    return {key: say_names(value, language) for key, value in content.items()}


def say_problem(content: Mapping[str, Any], language: Language) -> Mapping[str, Any]:
    """What a machine reads stays: type, status, fields."""
    return content if language is Language.ENGLISH else in_indonesian(content)


def _weight(parameter: str) -> float:
    try:
        return float(parameter.partition("q=")[2] or 1)
    except ValueError:
        return 0.0
