"""Cases that were public and are not any more: whoever copied one must learn that it is to be dropped."""

from datetime import datetime

from services.reporting.domain.case import StoredCase


def withdrawn_at(stored: StoredCase) -> datetime | None:
    """When the case became confidential; None where it is public, or never was.

    What happened to it afterwards moves nothing, for the times of a confidential case are nobody's business.
    """
    if stored.head is None or stored.head.public:
        return None
    last_public = max((sequence for sequence, step in stored.history.items() if step.public), default=None)
    if last_public is None:
        return None
    since = min((sequence for sequence in stored.history if sequence > last_public), default=None)
    # Two events of one sequence may contradict each other: then the present is what counts.
    return stored.head.at if since is None else stored.history[since].at
