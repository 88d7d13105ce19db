"""What tells a person at a form from a program: pure, no third party, and nothing that needs a script.

A form carries a stamp that says when it was made. Whoever sends it sooner than anybody can type, or days later, or
fills in a field that nobody sees, is asked to load it again. Where one address sends many forms, each must wait for a
while after it was made, or bring a small piece of work, which a script does meanwhile without anybody noticing.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

TRAP: Final = "website"
"""Name of the field that nobody sees. Programs like to fill it in."""
STAMP: Final = "stamp"
WORK: Final = "work"
"""Of the field for the answer to `stamp`, which a script fills in."""
_LONGEST_WORK: Final = 20


@dataclass(frozen=True)
class Pace:
    """How fast a form may come."""

    least: timedelta = timedelta(seconds=3)
    most: timedelta = timedelta(days=14)
    """Drafts survive a lost connection; after so long a form is loaded anew, with all that was entered."""
    wait: timedelta = timedelta(seconds=60)
    """After it was made, of a form that brings no work and comes from where many come from."""
    bits: int = 16
    """Of the work: some 65 000 hashes, less than a second on a telephone."""


class Suspicion(StrEnum):
    """Why a form is not taken as it is."""

    TRAPPED = "trapped"
    FORGED = "forged"
    """No stamp of ours."""
    TOO_FAST = "too_fast"
    TOO_OLD = "too_old"
    TOO_MANY = "too_many"
    """Come again a little later; a script can work instead."""


@dataclass(frozen=True)
class Sent:
    """What came with a form besides what was filled in."""

    stamp: str = ""
    trap: str = ""
    work: str = ""


def make_stamp(key: bytes, at: datetime, nonce: str) -> str:
    """`nonce`: letters and digits that make it differ from others of the same second."""
    told = f"{int(at.timestamp())}.{nonce}"
    return f"{told}.{_sign(key, told)}"


def suspect(key: bytes, sent: Sent, now: datetime, pace: Pace, *, many: bool) -> Suspicion | None:
    """`many`: so much comes from this address that each must wait or work. None: take it."""
    if sent.trap.strip():
        return Suspicion.TRAPPED
    made_at = _made_at(key, sent.stamp)
    if made_at is None:
        return Suspicion.FORGED
    age = now.timestamp() - made_at
    if age < pace.least.total_seconds():
        return Suspicion.TOO_FAST
    if age > pace.most.total_seconds():
        return Suspicion.TOO_OLD
    return Suspicion.TOO_MANY if many and _must_work(sent, age, pace) else None


def work_left(key: bytes, sent: Sent, now: datetime, pace: Pace) -> int:
    """Bits of work that a form lacks where each must wait or work; 0: it brings it, is old enough, or is not ours."""
    made_at = _made_at(key, sent.stamp)
    return pace.bits if made_at is not None and _must_work(sent, now.timestamp() - made_at, pace) else 0


def wait_left(sent: Sent, now: datetime, pace: Pace) -> int:
    """Seconds until a form that is one of too many is taken without work, where its stamp is one of ours."""
    made_at = int(sent.stamp.partition(".")[0])
    return max(1, int(made_at + pace.wait.total_seconds() - now.timestamp()) + 1)


def is_worked(stamp: str, work: str, bits: int) -> bool:
    """Whether SHA-256 of `<stamp>:<work>` begins with so many zero bits. Checking takes one hash, finding 2 ** bits."""
    if not work.isascii() or not work.isdigit() or len(work) > _LONGEST_WORK:
        return False
    digest = hashlib.sha256(f"{stamp}:{work}".encode()).digest()
    return int.from_bytes(digest) >> (len(digest) * 8 - bits) == 0


def _must_work(sent: Sent, age_s: float, pace: Pace) -> bool:
    return age_s < pace.wait.total_seconds() and not is_worked(sent.stamp, sent.work, pace.bits)


def _made_at(key: bytes, stamp: str) -> int | None:
    told, _, signature = stamp.rpartition(".")
    when = told.partition(".")[0]
    if not stamp.isascii() or not hmac.compare_digest(_sign(key, told), signature) or not when.isdigit():
        return None
    return int(when)


def _sign(key: bytes, told: str) -> str:
    return hmac.digest(key, f"form\n{told}".encode(), hashlib.sha256).hex()[:32]
