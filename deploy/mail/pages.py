"""`/-/mail`: what the mail sink took."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from deploy.mail.mailbox import Mail, Mailbox
from deploy.pages.rendering import PAGE_POLICY, page
from shared.problems import Problem

_PAGE: Final = 50
_MOST: Final = 1_000
_MAIL_POLICY: Final = (
    # What stands in a mail runs nothing, fetches nothing and belongs to no origin.
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
_LOCKED_IN: Final = {"Content-Security-Policy": _MAIL_POLICY, "X-Content-Type-Options": "nosniff"}
_FRAMING_POLICY: Final = f"{PAGE_POLICY}; frame-src 'self'"


def create_mail_router(mailbox: Mailbox) -> APIRouter:
    """Reading a mailbox in the browser, and as JSON for tests."""
    router = APIRouter()

    @router.get("/-/mail")
    def list_mail(before: Annotated[str | None, Query(max_length=40)] = None) -> HTMLResponse:
        shown = mailbox.newest(_PAGE, before=before)
        older = shown[-1].id if shown and mailbox.newest(1, before=shown[-1].id) else None
        return page("mail_list.html", mails=shown, older=older, first=before is None)

    @router.get("/-/mail.json")
    def list_mail_as_json(
        to: Annotated[str | None, Query(max_length=320)] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST)] = _PAGE,
    ) -> JSONResponse:
        """The newest first, to one address or to all."""
        return JSONResponse({"items": [_as_json(mail) for mail in mailbox.newest(limit, to=to)]})

    router.include_router(_create_message_router(mailbox))
    return router


def _create_message_router(mailbox: Mailbox) -> APIRouter:
    router = APIRouter(prefix="/-/mail/{mail_id}")

    @router.get("")
    def read_mail(mail_id: str) -> HTMLResponse:
        return page("mail.html", policy=_FRAMING_POLICY, mail=_find(mailbox, mail_id))

    @router.get("/html")
    def read_html(mail_id: str) -> Response:
        html = _find(mailbox, mail_id).html
        if html is None:
            raise Problem(404, "Not Found", "The message has no HTML part.")
        return HTMLResponse(html, headers=_LOCKED_IN)

    @router.get("/source")
    def read_source(mail_id: str) -> Response:
        _find(mailbox, mail_id)
        return Response(mailbox.source(mail_id), media_type="text/plain; charset=utf-8", headers=_LOCKED_IN)

    return router


def _find(mailbox: Mailbox, mail_id: str) -> Mail:
    mail = mailbox.read(mail_id)
    if mail is None:
        raise Problem(404, "Not Found", "There is no such message; only the newest are kept.")
    return mail


def _as_json(mail: Mail) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at.isoformat(),
        "from": mail.sender,
        "to": mail.recipients,
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
    }
