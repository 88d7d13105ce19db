"""Whether a platform that was attacked is well."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.letters import Letters, ParkingService
from tests.hostile.attack import Attack
from tests.hostile.judging import Outcome, all_read, directory_differs, judge, log_faults
from tests.services import Platform
from tests.system.outside import ntbcare
from tests.system.witness import GROUPS, Witness, witnessing
from tests.waiting import until

_SAMPLE: Final = 15
_TRIES: Final = 5
_STUCK_S: Final = 20
"""Longer than a consumer waits between two tries for a while, and than a rebalance takes."""
_PUBLIC: Final = (
    *(
        "/",
        "/kasus",
        "/peta",
        "/macet",
        "/v1/cases?limit=100",
        "/v1/statistics?by=region",
        "/v1/statistics?by=category",
    ),
    *("/v1/statistics/sitting", "/open311/v2/requests.json", "/v1/scorecards/PUPR-52.03?period=2026-11"),
)


@dataclass
class Found:
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    faults: list[str] = field(default_factory=list[str])


async def check(platform: Platform, attack: Attack) -> Found:
    """What became of all records. Raises AssertionError where a consumer stands still."""
    found = Found()
    async with witnessing(platform) as witness:
        await _until_read(platform, witness)
        found.faults += await _faults(_directory(witness))
        for service in GROUPS:
            found.outcomes[service] = await _at_rest(platform, witness, service)
        for step in (_good_ones(platform, attack), _health(platform), _pages(platform), _redrive(platform, witness)):
            found.faults += await _faults(step)
    found.faults += await _faults(_commands(platform, attack))
    found.faults += log_faults(platform.folder.glob("*.log"))
    return found


async def _until_read(platform: Platform, witness: Witness) -> None:
    """However many there are: whoever has not read all must come on. In the order of the flow."""
    for service in GROUPS:
        while behind := await witness.behind(service):
            done = await _committed(witness, service)
            try:
                await until(lambda done=done, service=service: _moved(witness, service, done), _STUCK_S, every_s=0.2)
            except TimeoutError:
                told = await platform.http[service].get("/readyz")
                raise AssertionError(service, behind, told.text) from None


async def _committed(witness: Witness, service: str) -> int:
    return sum((await witness.committed(service)).values())


async def _moved(witness: Witness, service: str, done: int) -> bool:
    return await _committed(witness, service) > done or not await witness.behind(service)


async def _faults(step: Coroutine[Any, Any, list[str]]) -> list[str]:
    """Also what it fails at, so that one run tells all."""
    try:
        return await step
    except (AssertionError, TimeoutError) as error:
        return [f"{step.__name__}: {str(error)[-1_500:]}"]


async def _at_rest(platform: Platform, witness: Witness, service: str) -> Outcome:
    """What follows from the records, such as breaches and notices, comes for a while: it is judged when none does."""
    for _ in range(_TRIES):
        try:
            return await judge(platform, witness, service)
        except AssertionError:
            await until(lambda: all_read(witness), limit_s=60, every_s=0.2)
    return await judge(platform, witness, service)


async def _directory(witness: Witness) -> list[str]:
    """Routing has mended what was written on its topic."""
    try:
        await until(lambda: _is_mended(witness), limit_s=30, every_s=0.5)
    except TimeoutError:
        return [f"the directory differs: {await directory_differs(witness)}"]
    return []


async def _is_mended(witness: Witness) -> bool:
    return not await directory_differs(witness)


async def _good_ones(platform: Platform, attack: Attack) -> list[str]:
    """Each has its case in order, and the mail to its reporter."""
    cases = await asyncio.gather(*(platform.read(ticket, after=1) for ticket in attack.good))
    wrong = [
        f"{ticket} has steps {[step['sequence'] for step in case['history']]}"
        for ticket, case in zip(attack.good, cases, strict=True)
        if [step["sequence"] for step in case["history"]][:2] != [1, 2]
    ]
    wanted = {f"{ticket}@mail.example".lower() for ticket in attack.good}
    await until(lambda: wanted <= set(platform.mail.recipients()), limit_s=60)
    return wrong


async def _health(platform: Platform) -> list[str]:
    """Alive and ready; and a complaint goes its whole way."""
    faults: list[str] = []
    for process, http in platform.http.items():
        for path in ("/livez", "/readyz"):
            answer = await http.get(path)
            if answer.status_code != 200:
                faults.append(f"{process} {path}: {answer.text}")
    answer = await platform.submit(reporter={"name": "Sitti"})
    if answer.status_code != 202:
        return [*faults, f"intake takes no complaint: {answer.text}"]
    case = await platform.read(answer.json()["ticket"], after=1)
    return faults if case["agency"] == "PUPR-52.03" else [*faults, f"it went to {case['agency']}"]


async def _pages(platform: Platform) -> list[str]:
    """What was taken in is shown without an error, to everybody and at the desk."""
    http = platform.http["reporting"]
    listed = (await http.get("/v1/cases?limit=100")).json()["items"]
    paths = [*_PUBLIC, *(path for one in listed for path in (f"/v1/cases/{one['ticket']}", f"/kasus/{one['ticket']}"))]
    answers = [(path, await http.get(path)) for path in paths]
    coordinator = platform.signed_in("coordinator")
    queue = await platform.http["routing"].get("/v1/desk/cases?limit=100", headers=coordinator)
    answers.append(("desk", queue))
    for one in queue.json().get("items", []):
        path = f"/v1/desk/cases/{one['ticket']}"
        answers.append((path, await platform.http["routing"].get(path, headers=coordinator)))
    answers.append(("feed", await platform.http["notification"].get("/v1/subscriptions/feed.atom")))
    return [
        f"{path}: {answer.status_code} {answer.text[:200]}" for path, answer in answers if answer.status_code >= 500
    ]


async def _redrive(platform: Platform, witness: Witness) -> list[str]:
    """What still cannot be handled is parked again, under the same id; the consumer goes on."""
    faults: list[str] = []
    for service in GROUPS:
        letters = Letters(platform.kafka, ParkingService(service))
        sample = (await letters.read())[:_SAMPLE]
        await letters.redrive(sample)
        await until(lambda: all_read(witness), limit_s=60)
        known = {letter.id: letter for letter in await letters.read()}
        faults += [
            f"re-driven {letter.id}: {letter.reason}, then {known[letter.id].reason}"
            for letter in sample
            # Without a key it came back under the letter's own id.
            if letter.reason not in {known[letter.id].reason, "no key"}
        ]
    return faults


async def _commands(platform: Platform, attack: Attack) -> list[str]:
    """The readers of the command line come to an end, and figures and cases are what the topics say."""
    blobs = ("--blobs", (platform.folder / "blobs").as_uri())
    for service in GROUPS:
        await ntbcare(platform, "dead-letters", "list", service)
    await ntbcare(platform, "reporting", "verify")
    rebuilt = await ntbcare(platform, "reporting", "rebuild")
    await ntbcare(platform, "erase", attack.good[0], *blobs)
    await ntbcare(platform, "erase", "--due", *blobs)
    return [] if "Nothing differs." in rebuilt else [f"a rebuild differs: {rebuilt[-500:]}"]
