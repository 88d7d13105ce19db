"""`ntbcare submit`."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

import httpx2
import typer

from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.http import connect, read
from deploy.commands.options import UrlOption, url_of
from deploy.commands.printing import output

app = command_app()

_TRIES: Final = 4
_BUSY: Final = 503
_LONGEST_WAIT_S: Final = 10.0
_OPTION_OF: Final = {
    "category": "--category",
    "text": "--text",
    "location": "--region, --address, or --latitude and --longitude",
    "location.region": "--region",
    "location.latitude": "--latitude",
    "location.longitude": "--longitude",
    "location.address": "--address",
    "reporter.name": "--name",
    "reporter.email": "--email",
    "reporter.phone": "--phone",
    "answers": "--answer",
}


@dataclass(frozen=True)
class _Accepted:
    ticket: str
    tracking_code: str


RegionOption = Annotated[str | None, typer.Option(help="Kemendagri code inside NTB: 52.71, 52.71.01, 52.71.01.1001.")]
AnswerOption = Annotated[
    list[str] | None, typer.Option(metavar="QUESTION=ANSWER", help="Answers to the category's questions.")
]
KeyOption = Annotated[
    UUID | None, typer.Option(help="Idempotency key of an earlier try, to send the same complaint again.")
]


@app.command()
def submit(  # noqa: PLR0913 - one parameter is one option of the command line
    *,
    category: Annotated[str, typer.Option(help="What it is about, such as road.damage.")],
    text: Annotated[str, typer.Option(help="What happened, in 10 to 5000 characters.")],
    region: RegionOption = None,
    latitude: Annotated[float | None, typer.Option(help="Degrees; goes with --longitude.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Degrees; goes with --latitude.")] = None,
    address: Annotated[str | None, typer.Option(help="Where, in words.")] = None,
    name: Annotated[str | None, typer.Option(help="Who says so; needed unless --anonymous.")] = None,
    email: Annotated[str | None, typer.Option(help="Where the answers go.")] = None,
    phone: Annotated[str | None, typer.Option(help="Indonesian without a country code.")] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Hide who says so from the agency.")] = False,
    confidential: Annotated[bool, typer.Option("--confidential", help="Hide the complaint from the public.")] = False,
    answer: AnswerOption = None,
    key: KeyOption = None,
    url: UrlOption = None,
) -> None:
    """Submit a complaint, and print its ticket and its tracking code.

    At least one of --region, --address and a point is needed. Categories, their questions and all regions are at
    /v1/complaints/options.
    """
    body: dict[str, Any] = {"category": category, "text": text, "anonymous": anonymous, "confidential": confidential}
    body["answers"] = _answers(answer or [])
    body["location"] = _given(region=region, latitude=latitude, longitude=longitude, address=address)
    body |= _given(reporter=_given(name=name, email=email, phone=phone) or None)
    accepted = asyncio.run(_send(url_of(url), body, key or uuid4()))
    _print(accepted, url)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _answers(entered: list[str]) -> dict[str, str]:
    """Raises CommandFailed where one is not QUESTION=ANSWER."""
    pairs = [one.partition("=") for one in entered]
    wrong = [question for question, equals, answer in pairs if not (question and equals and answer)]
    if wrong:
        raise CommandFailed(
            f"--answer takes QUESTION=ANSWER, such as road_class=regency, not {wrong[0]}", code=WRONG_USE
        )
    return {question: answer for question, _, answer in pairs}


async def _send(url: str, body: dict[str, Any], key: UUID) -> _Accepted:
    """Try again, with the same key, what was not accepted in time; raises CommandFailed that tells the key."""
    headers = {"Idempotency-Key": str(key)}
    async with connect(url) as client:
        for left in reversed(range(_TRIES)):
            try:
                answer = await client.post("/v1/complaints", json=body, headers=headers)
            except httpx2.TimeoutException:
                answer = None
            if answer is not None and answer.status_code != _BUSY:
                accepted = read(answer, _OPTION_OF)
                return _Accepted(accepted["ticket"], accepted["tracking_code"])
            if left:
                await asyncio.sleep(_pause(answer))
    raise CommandFailed(f"Not accepted yet; nothing is lost. Send it again with the same key: --key {key}")


def _pause(answer: httpx2.Response | None) -> float:
    told = answer.headers.get("retry-after", "") if answer is not None else ""
    return min(float(told), _LONGEST_WAIT_S) if told.isdigit() else 1.0


def _print(accepted: _Accepted, url: str | None) -> None:
    console = output()
    console.print(f"Ticket         {accepted.ticket}")
    console.print(f"Tracking code  {accepted.tracking_code} (shown once)")
    where = f" --url {url}" if url else ""
    console.print(f"\nFollow it: ntbcare track {accepted.ticket} --code {accepted.tracking_code} --wait{where}")
