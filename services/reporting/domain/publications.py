"""What of a case's words and photos everybody may see."""

from collections.abc import Mapping

from services.reporting.domain.case import StoredCase


def public_photos(stored: StoredCase, words: Mapping[str, str | None]) -> list[str]:
    """Those of the publication that stands, as long as its words do."""
    published = _publication(stored)
    step = next((step for step in stored.history.values() if step.event_id == published), None)
    return list(step.facts.get("photos", ())) if step and words.get(published) else []


def _publication(stored: StoredCase) -> str:
    """The id of its event; empty where nothing is published."""
    publication = stored.head.snapshot.publication if stored.head else None
    return (publication or "").partition(":")[2]


def public_words(stored: StoredCase) -> Mapping[str, str | None]:
    """What an agency tells everybody, and what a coordinator published and did not take back; of a public case."""
    published = _publication(stored)
    public = {step.words for step in stored.history.values() if step.words and step.type == "case.progressed.v1"}
    return {event_id: text for event_id, text in stored.words.items() if event_id in public | {published}}
