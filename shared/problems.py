"""RFC 9457 problems: every error that HTTP answers is `application/problem+json`."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import BrokerUnreachable
from shared.requests import WatchRequests
from shared.traces import NO_SPANS, Spans

_NO_TELEMETRY: Final[Any] = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
MEDIA_TYPE: Final = "application/problem+json"
log = structlog.get_logger(__name__)


class Problem(Exception):
    """An error answer. `extra` members are added to the body as they are."""

    def __init__(
        self, status: int, title: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(title)
        self.status = status
        self.headers = dict(headers or {})
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}


def field_problem(*faults: tuple[str, str]) -> Problem:
    """A 422 that names each field (dotted path) and what is wrong with it."""
    errors = [{"field": field, "detail": detail} for field, detail in faults]
    return Problem(422, "Some fields are not right", "; ".join(f"{f}: {d}" for f, d in faults), errors=errors)


def unreachable_problem(**extra: Any) -> Problem:
    """A 503 for a broker that did not acknowledge in time. The request may still have been delivered."""
    detail = "Nothing is lost on your side: send the same request again with the same Idempotency-Key."
    return Problem(503, "Not accepted yet", detail, headers={"Retry-After": "5"}, **extra)


def to_response(problem: Problem) -> JSONResponse:
    body = {name: value for name, value in problem.body.items() if value != ""}
    headers = {"Cache-Control": "no-store"} | problem.headers
    return _Answer(body, problem.status, headers, media_type=MEDIA_TYPE)


class _Answer(JSONResponse):
    """What was sent may be quoted, whatever it was: a lone surrogate has no bytes in UTF-8."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def read_faults(errors: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Pydantic's errors as (dotted field, words); never what was sent."""
    return [(_field(error["loc"]), str(error["msg"]).removeprefix("Value error, ")) for error in errors]


def _field(place: Sequence[Any]) -> str:
    parts = [str(part) for part in place if part not in {"body", "query", "path", "header"}]
    return ".".join(parts) or "body"


class _TooLargeAsProblem:
    """The body limit answers in plain text, past all exception handlers; this says the same as a problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                replaced = True
                await to_response(Problem(413, "The request is too large"))(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, send_problem)


class ProblemApp(FastAPI):
    """A FastAPI app that answers every error as a problem, and logs with the request's trace id."""

    def __init__(self, service: str = "platform", spans: Spans = NO_SPANS, **options: Any) -> None:
        self._service, self._spans = service, spans
        # FastAPI's own telemetry costs a fifth of the speed and repeats what `/metrics` says.
        super().__init__(telemetry=_NO_TELEMETRY, **options)
        install_problems(self)

    def build_middleware_stack(self) -> ASGIApp:
        return WatchRequests(_TooLargeAsProblem(super().build_middleware_stack()), self._service, self._spans)


def install_problems(app: FastAPI) -> None:
    """Answer what handlers raise as problems."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, error: Problem) -> JSONResponse:
        return to_response(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        faults = error.errors()
        if any(fault["type"] == "json_invalid" for fault in faults):
            return to_response(Problem(400, "The body is not JSON", str(faults[0].get("ctx", {}).get("error", ""))))
        return to_response(field_problem(*read_faults(faults)))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        title = HTTPStatus(error.status_code).phrase
        return to_response(Problem(error.status_code, title, headers=error.headers))

    @app.exception_handler(BrokerUnreachable)
    async def _unreachable(_: Request, __: BrokerUnreachable) -> JSONResponse:
        return to_response(unreachable_problem())

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        route = getattr(request.scope.get("route"), "path", "")
        log.error("request_failed", route=route, exc_info=error)
        return to_response(Problem(500, "Something went wrong here, not with your request"))
