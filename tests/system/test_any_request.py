"""Any request to the services that keep a store: as their OpenAPI says it may be or otherwise, by whomever.

Never a 5xx, always a documented status, and a refusal is a problem. Intake's own tests have the same for intake.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from deploy.local.ports import HOST
from shared.ids import tracking_code
from shared.open311 import PREFIX
from shared.problems import MEDIA_TYPE
from shared.settings import KafkaSettings
from tests.services import Platform, running_platform
from tests.system.errands import SECRETS

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

JUDGED: Final = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
OPEN311: Final = ("text/xml", "application/json")
"""What Open311 tells of faults in."""
ENDLESS: Final = "text/event-stream"


@dataclass(frozen=True)
class Known:
    """What no generator finds: a ticket that is there, its code, and who may ask."""

    ticket: str
    code: str
    tokens: tuple[dict[str, str], ...]


@pytest.mark.parametrize("service", ["routing", "notification", "reporting"])
async def test_given_any_request_when_it_is_sent_then_the_answer_is_no_5xx_and_a_refusal_is_a_problem(
    topics: KafkaSettings, mongo_uri: str, tmp_path: Path, service: str
) -> None:
    async with running_platform(topics, mongo_uri, tmp_path, **SECRETS) as platform:
        await _judge_service(platform, service)


async def _judge_service(platform: Platform, service: str) -> None:
    answer = await platform.submit()
    ticket, code = answer.json()["ticket"], answer.json()["tracking_code"]
    await platform.read(ticket, after=1)
    people = (platform.signed_in("coordinator", "BIRO-ORGANISASI"), platform.signed_in("officer", "PUPR-52.03"))
    address = f"http://{HOST}:{platform.processes[service].port}"

    judged = await asyncio.to_thread(judge_all, address, Known(ticket, code, ({}, *people)))

    assert code == tracking_code({"1": b"dev-tracking"}, "1", ticket)
    assert judged >= 10
    assert (await platform.http[service].get("/readyz")).status_code == 200
    assert "Traceback" not in (platform.folder / f"{service}.log").read_text(encoding="utf-8")


def judge_all(address: str, known: Known) -> int:
    """How many operations there are that come to an end."""
    schema: Any = schemathesis.openapi.from_url(f"{address}/openapi.json")
    operations = [one.ok() for one in schema.get_all_operations()]
    finite = [one for one in operations if ENDLESS not in str(one.definition.raw["responses"])]
    for operation in finite:
        judge(operation, GenerationMode.POSITIVE, address, known)
        # Where nothing is sent there is nothing that a schema forbids.
        if "requestBody" in operation.definition.raw:
            judge(operation, GenerationMode.NEGATIVE, address, known)
    return len(finite)


def judge(operation: Any, mode: GenerationMode, address: str, known: Known) -> None:
    documented = operation.definition.raw["responses"].keys()
    cases = operation.as_strategy(generation_mode=mode)

    @JUDGED
    @given(cases, st.booleans(), st.sampled_from(known.tokens), st.sampled_from([None, known.code]))
    def send(case: Any, real: bool, token: dict[str, str], code: str | None) -> None:  # noqa: FBT001 - drawn
        if real and "ticket" in (case.path_parameters or {}):
            case.path_parameters["ticket"] = known.ticket
        if "wait" in (case.query or {}):
            case.query["wait"] = 0
        answer = case.call(base_url=address, headers=token | ({"X-Tracking-Code": code} if code else {}))
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        assert str(answer.status_code) in documented, (case.as_curl_command(), answer.status_code, answer.text)
        if answer.status_code >= 400:
            kinds = OPEN311 if operation.path.startswith(PREFIX) else (MEDIA_TYPE,)
            assert answer.headers["content-type"][0].startswith(kinds), (case.as_curl_command(), answer.text)

    send()
