"""What makes a case go back and forth: a return, a question, a dispute, a confirmation, a link."""

from typing import Any, Final

from tests.services import Platform
from tests.system.outside import see
from tests.waiting import until

FOLLOWS: Final = {
    "answers": "case.resumed.v1",
    "dispute": "case.reopened.v1",
    "confirmation": "case.closed.v1",
}


async def go_back_and_forth(platform: Platform, codes: dict[str, str]) -> None:
    """Of four new cases that PUPR-52.03 has, by ticket with their tracking codes."""
    returned, asked, disputed, linked = codes
    await do(platform, returned, "return", {"reason": "other_level", "agency": "PUPR-PERKIM"})
    await do(platform, asked, "ask", {})
    await follow_up(platform, asked, "answers", codes[asked], text="Di sisi utara")
    await do(platform, disputed, "accept", {})
    await do(platform, disputed, "resolve", {})
    await follow_up(platform, disputed, "dispute", codes[disputed], text="Masih berlubang")
    await do(platform, disputed, "resolve", {})
    await follow_up(platform, disputed, "confirmation", codes[disputed], rating=4)
    await do(platform, linked, "link", {"ticket": asked}, headers=platform.signed_in("coordinator"))


async def do(
    platform: Platform, case: str, action: str, said: dict[str, str], *, headers: dict[str, str] | None = None
) -> None:
    """As an officer of the agency that has the case, or as whoever the headers sign in."""
    officer, revision = await see(platform, case)
    path, sent = f"/v1/desk/cases/{case}/{action}", {"text": "Sudah kami periksa"} | said
    signed = (headers or officer) | {"If-Match": str(revision)}
    answer = await platform.http["routing"].post(path, json=sent, headers=signed)
    assert answer.status_code == 200, (action, answer.text)


async def follow_up(platform: Platform, ticket: str, what: str, code: str, **said: Any) -> None:
    """As the reporter; returns when routing has done it."""
    headers = {"X-Tracking-Code": code}
    answer = await platform.http["intake"].post(f"/v1/complaints/{ticket}/{what}", json=said, headers=headers)
    assert answer.status_code == 202, answer.text

    async def is_done() -> bool:
        told = await platform.read(ticket, code=code)
        return FOLLOWS[what] in {step["type"] for step in told["history"]}

    await until(is_done, limit_s=30)
