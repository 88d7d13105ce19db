"""Role x scope x endpoint, all of it, over HTTP."""

from collections.abc import AsyncGenerator
from typing import Any, Final

import httpx2
import pytest

from services.routing.domain.access import DeskRole
from services.routing.domain.case import DEEDS
from services.routing.domain.coordination import COORDINATORS_DEEDS
from services.routing.handlers import ComplaintHandler
from services.routing.store.cases import CaseStore
from shared.outbox import OutboxRelay
from shared.topics import COMPLAINTS
from shared.waiters import Waiters
from tests.routing.desks import CASE, COORDINATOR, a_desk, on_the_day, press, signed_in
from tests.routing.examples import SELONG, a_complaint, the_rulebook
from tests.routing.test_table import DESK
from tests.shared.received import received

pytestmark = pytest.mark.integration

OWN, OTHERS, PART = "PUPR-52.03", "PUPR-52.06", "PLN"
SCOPES: Final[dict[str, dict[str, Any]]] = {
    "the agency that has it": {"agency": OWN},
    "another agency": {"agency": OTHERS},
    "the body of a part": {"agency": PART},
    "no agency": {},
    "its district": {"agency": OWN, "regions": (SELONG,)},
    "its regency": {"agency": OWN, "regions": ("52.06", "52.03")},
    "another regency": {"agency": OWN, "regions": ("52.06",)},
    "the body that it is about": {"agency": "PDAM-52.03"},
}
JSON = {"Content-Type": "application/json"}
READS = ("", "/identity")
COORDINATORS = {deed.action for deed in COORDINATORS_DEEDS}
BOTH = {"ask", "note"}


def sees(role: str, scope: str) -> bool:
    if scope in {"the body that it is about", "another regency"}:
        return False
    if role in {"officer", "agency_head"}:
        return scope in {"the agency that has it", "its district", "its regency", "the body of a part"}
    return True


def may(role: str, scope: str, endpoint: str) -> int:
    """The answer that is expected, of a deed with an old revision: 412 where they may do anything at all."""
    if role in {"officer", "agency_head"} and scope == "no agency":
        return 403
    if not sees(role, scope):
        return 404
    if endpoint == "":
        return 200
    if role in {"leader", "auditor"} or (scope == "the body of a part" and role != "coordinator"):
        return 403
    if endpoint == "/identity":
        return 200
    return 412


@pytest.fixture
async def desk(store: CaseStore, relay: OutboxRelay) -> AsyncGenerator[httpx2.AsyncClient]:
    handle = ComplaintHandler(store, relay, the_rulebook, Waiters(), now=on_the_day)
    async with a_desk(store, relay) as client:
        await handle([received(COMPLAINTS, a_complaint(about="PDAM-52.03"))])
        body = {"parts": [{"agency": PART, "text": "Pindahkan tiang"}]}
        assert (await press(client, "split", body)).status_code == 200
        yield client


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", list(DeskRole))
async def test_given_a_role_and_a_scope_when_every_endpoint_is_asked_then_the_matrix_answers(
    desk: httpx2.AsyncClient, store: CaseStore, role: str, scope: str
) -> None:
    headers = signed_in(role, **SCOPES[scope])

    for endpoint in READS:
        answer = await desk.get(f"{CASE}{endpoint}", headers=headers)
        assert answer.status_code == may(role, scope, endpoint), endpoint
    for action, deed in DESK.items():
        answer = await desk.post(
            f"{CASE}/{action}", content=deed.model_dump_json(), headers=JSON | headers | {"If-Match": "1"}
        )
        assert answer.status_code == may(role, scope, action), action


@pytest.mark.parametrize("role", list(DeskRole))
async def test_given_a_role_when_it_acts_on_a_case_that_it_sees_then_only_its_own_actions_are_done(
    desk: httpx2.AsyncClient, role: str
) -> None:
    headers = signed_in(role, OWN)
    own = {"coordinator": COORDINATORS | BOTH, "officer": DEEDS.keys() - COORDINATORS}
    own["agency_head"] = own["officer"]

    for action, deed in DESK.items():
        seen = (await desk.get(CASE, headers=COORDINATOR)).headers["etag"]
        answer = await desk.post(
            f"{CASE}/{action}", content=deed.model_dump_json(), headers=JSON | headers | {"If-Match": seen}
        )
        if role in {"leader", "auditor"}:
            assert answer.status_code == 403, action
        elif action not in own[role]:
            assert answer.status_code == 409, action
        else:
            # Once it is forwarded it is another agency's.
            assert answer.status_code in {200, 404, 409, 422}, action


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}])
async def test_given_nobody_when_anything_is_asked_then_they_are_to_sign_in(
    desk: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    for endpoint in READS:
        answer = await desk.get(f"{CASE}{endpoint}", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    for action in DESK:
        answer = await desk.post(f"{CASE}/{action}", json={}, headers=headers | {"If-Match": "1"})
        assert answer.status_code == 401


async def test_given_a_role_that_the_desk_does_not_know_when_it_asks_then_it_is_told_which_there_are(
    desk: httpx2.AsyncClient,
) -> None:
    answer = await desk.get(CASE, headers=signed_in("admin", OWN))

    assert answer.status_code == 403
    assert "coordinator" in answer.json()["detail"]
