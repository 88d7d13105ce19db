"""Sends rows one by one, some at once, each under a key of its own: sent again, it is the same complaint."""

import asyncio
import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2

from deploy.bulk.columns import Names, Read, column_of, read_row
from deploy.bulk.files import Row, Table
from deploy.tasks import each
from shared.delays import growing_delays
from shared.ids import named_id

_COMPLAINTS: Final = "/v1/complaints"
_CHECK: Final = "/v1/complaints/validations"
_BUSY: Final = frozenset({429, 502, 503, 504})
_OF_THE_ROW: Final = frozenset({400, 403, 413, 422})
_LONGEST_WAIT_S: Final = 120.0
_KEPT: Final = ("key", "line", "id", "ticket", "tracking_code", "subject_code")


class ImportStopped(Exception):
    """It can't go on; what was done is done, and it goes on there when it is begun again."""


@dataclass
class Journal:
    """What was accepted, a line each, written at once: also the list of tickets and codes to hand out."""

    path: Path
    done: set[str] = field(default_factory=set[str])
    tickets: dict[str, str] = field(default_factory=dict[str, str])
    """By the rows' own ids."""

    def read(self) -> None:
        """A line that a killed import left unfinished is cut off: its row is sent again, with the same key."""
        if not self.path.exists():
            return
        text = self.path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.path.write_text(whole, encoding="utf-8")
        known = [line for line in csv.DictReader(whole.splitlines()) if line.get("ticket")]
        self.done = {line["key"] for line in known}
        self.tickets = {line["id"]: line["ticket"] for line in known if line["id"]}

    def note(self, told: Mapping[str, Any]) -> None:
        is_new = not self.path.exists() or self.path.stat().st_size == 0
        # Codes open complaints: for nobody else on this machine.
        with os.fdopen(os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a", newline="") as target:
            writer = csv.DictWriter(target, _KEPT)
            if is_new:
                writer.writeheader()
            writer.writerow({name: told.get(name, "") for name in _KEPT})
        self.done.add(str(told["key"]))


@dataclass
class Outcome:
    """What became of the rows."""

    counts: Counter[str] = field(default_factory=Counter[str])
    """`accepted`, `before` (by an earlier run), `refused`, `valid`."""
    refused: list[tuple[Row, str]] = field(default_factory=list[tuple[Row, str]])


@dataclass
class Importer:
    """One import of one file."""

    http: httpx2.AsyncClient
    table: Table
    names: Names
    journal: Journal
    channel: str
    dry_run: bool = False
    patience_s: float = 300.0
    """So long a row is tried while the server is away or busy."""
    outcome: Outcome = field(default_factory=Outcome)

    async def run(self, at_once: int, advance: Callable[[], None]) -> None:
        """Raises ImportStopped."""
        keyed = list(with_keys(self.table.rows, self.names, self.channel))

        async def one(work: tuple[Row, Read, UUID]) -> None:
            await self._do(*work)
            advance()

        await each(keyed, one, at_once=at_once)

    async def _do(self, row: Row, read: Read, key: UUID) -> None:
        if not self.dry_run and str(key) in self.journal.done:
            self.outcome.counts["before"] += 1
            return
        if read.faults:
            self._refuse(row, read.faults)
            return
        if ticket := self.journal.tickets.get(read.key):
            self._refuse(row, [("id", f"{read.key} was accepted as {ticket}, and the row has changed since")])
            return
        answer = await self._send(read.body, key)
        if answer.is_success and self.dry_run:
            self.outcome.counts["valid"] += 1
        elif answer.is_success:
            self.journal.note({**answer.json(), "key": key, "line": row.line, "id": read.key})
            self.outcome.counts["accepted"] += 1
        elif answer.status_code in _OF_THE_ROW:
            self._refuse(row, self._faults(answer))
        else:
            raise ImportStopped(f"The server refused with status {answer.status_code}: {_title(answer)}")

    def _refuse(self, row: Row, faults: Sequence[tuple[str, str]]) -> None:
        self.outcome.counts["refused"] += 1
        self.outcome.refused.append((row, "; ".join(": ".join(filter(None, fault)) for fault in faults)))

    def _faults(self, answer: httpx2.Response) -> list[tuple[str, str]]:
        problem = answer.json()
        errors = problem.get("errors") or [{"field": "", "detail": problem.get("detail") or problem.get("title", "")}]
        return [(column_of(error["field"], self.table.columns), error["detail"]) for error in errors]

    async def _send(self, body: Mapping[str, Any], key: UUID) -> httpx2.Response:
        """Waits as long as it is told to, or a little longer each time. Raises ImportStopped."""
        deadline = asyncio.get_running_loop().time() + self.patience_s
        path, headers = (_CHECK if self.dry_run else _COMPLAINTS), {"Idempotency-Key": str(key)}
        why = ""
        for delay in growing_delays(0.5, 30):
            try:
                answer = await self.http.post(path, json=body, headers=headers)
            except httpx2.TransportError as error:
                pause_s, why = delay, type(error).__name__
            else:
                if answer.status_code not in _BUSY:
                    return answer
                pause_s, why = _told_to_wait(answer) or delay, f"status {answer.status_code}"
            if asyncio.get_running_loop().time() + pause_s > deadline:
                break
            await asyncio.sleep(pause_s)
        raise ImportStopped(f"The server does not take it ({why}).")


def with_keys(rows: Sequence[Row], names: Names, channel: str) -> Iterator[tuple[Row, Read, UUID]]:
    """A row is known by its `id` and by what it says: other lists have a number 1 too.

    Rows without an `id` that say the same are as many complaints: the second has another key than the first.
    """
    seen: Counter[str] = Counter()
    for row in rows:
        read = read_row(row.values, names, channel)
        said = hashlib.sha256(json.dumps(read.body, sort_keys=True, default=str).encode()).hexdigest()
        known_by = f"id\n{read.key}" if read.key else f"said\n{said}"
        seen[known_by] += 1
        if read.key and seen[known_by] > 1:
            read = Read(read.key, read.body, [("id", f"{read.key} stands on an earlier line too"), *read.faults])
        yield row, read, named_id("import", f"{known_by}\n{said}" if read.key else known_by, seen[known_by])


def _told_to_wait(answer: httpx2.Response) -> float | None:
    told = answer.headers.get("retry-after", "")
    return min(float(told), _LONGEST_WAIT_S) if told.isdigit() else None


def _title(answer: httpx2.Response) -> str:
    try:
        return str(answer.json().get("title", ""))
    except ValueError:
        return answer.text[:200]
