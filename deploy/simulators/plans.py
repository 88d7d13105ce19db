"""How the simulators are to answer what comes next; where nothing is planned they take everything."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from deploy.simulators.arrivals import Kind

_MOST: Final = 1_000


class Planned(BaseModel):
    """One answer. `hang` gives none until the client leaves, `drop` breaks the connection off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int | None = Field(default=None, ge=200, le=599)
    body: dict[str, Any] | None = None
    retry_after: int | str | None = None
    hang: bool = False
    drop: bool = False
    receipt: Literal["delivered", "failed", "none"] = "delivered"
    """What is told afterwards of a message that is taken."""
    reason: str | None = None
    """Of the receipt: a word of the SMS gateway's, an error code of WhatsApp's."""

    def takes(self) -> bool:
        """Whether the message is kept."""
        return not self.hang and not self.drop and (self.status is None or self.status < 300)  # noqa: PLR2004 - 2xx

    def to_response(self, usual: Mapping[str, Any] | None, usual_status: int) -> Response:
        if self.hang:
            return _Hanging()
        if self.drop:
            return _Dropping()
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        content = self.body if self.body is not None else usual
        status = self.status or usual_status
        return Response(None, status, headers) if content is None else JSONResponse(content, status, headers)


class Plans:
    """Answers to come, each used once: those for one recipient before those for anybody."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Kind, str | None], deque[Planned]] = {}

    def add(self, channel: Kind, *answers: Planned, to: str | None = None) -> None:
        waiting = self._waiting.setdefault((channel, to), deque(maxlen=_MOST))
        waiting.extend(answers)

    def take(self, channel: Kind, to: str) -> Planned:
        for key in ((channel, to), (channel, None)):
            if self._waiting.get(key):
                return self._waiting[key].popleft()
        return Planned()

    def clear(self) -> None:
        self._waiting.clear()


class _Hanging(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - Starlette's names
        while (await receive())["type"] != "http.disconnect":
            pass


class _Dropping(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as above
        # A body that is announced and never comes: the server can only end the connection.
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
