"""Lays a new generation beside the live one."""

from datetime import UTC, datetime, timedelta
from typing import Final

from services.reporting.domain.generations import Comparison, compare_cases
from services.reporting.store.contents import contents_of, documents_of, sample_of
from services.reporting.store.read_model import ReadModel
from shared.topics import NOTICES

SAMPLE: Final = 200
_HOUR: Final = timedelta(hours=1)


async def compare(old: ReadModel, new: ReadModel, sample: int = SAMPLE) -> Comparison:
    """Every total, and a sample of whole cases of either, as they are at this moment."""
    before, after = await contents_of(old), await contents_of(new)
    tickets = sorted({*await sample_of(old, sample), *await sample_of(new, sample)})
    since = notices_since()
    unlike = compare_cases(await documents_of(old, tickets, since), await documents_of(new, tickets, since))
    return Comparison(
        old=before,
        new=after,
        old_version=old.generation.version,
        new_version=new.generation.version,
        sampled=len(tickets),
        unlike=unlike,
    )


def notices_since() -> datetime:
    """Their topic may hold none from before, and a new generation then knows nothing of them."""
    kept = NOTICES.retention
    return datetime.min.replace(tzinfo=UTC) if kept is None else datetime.now(UTC) - kept + _HOUR
