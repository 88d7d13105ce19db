"""What follows from what a server or a gateway said, counted where it was put off."""

import random
from collections.abc import Sequence
from typing import Final

from services.notification.domain.attempts import UNSURE, Again, Answer, Failed, Refused, Step, after
from services.notification.domain.deliveries import Delivery
from services.notification.metrics import RETRIES, SERVICE, UNSURE_ANSWERS
from services.notification.tools import Tools

_BROKEN: Final = "broken"
_PARKED_AFTER: Final = 5
"""Attempts: some minutes, in which another version may take over that can write it."""


def steps_after(deliveries: Sequence[Delivery], answer: Answer, tools: Tools) -> list[Step]:
    """Of each that went out together, all at the same moment."""
    if isinstance(answer, Refused) and not answer.for_good:
        channel = tools.way.channel
        RETRIES.labels(SERVICE, channel, answer.reason).inc()
        UNSURE_ANSWERS.labels(SERVICE, channel).inc(len(deliveries) * (answer.reason == UNSURE))
    at, jitter = tools.now(), random.random()  # noqa: S311 - no secret
    return [after(one, answer, at, tools.queueing.rules, jitter=jitter) for one in deliveries]


def step_of_broken(delivery: Delivery, tools: Tools) -> Step:
    """Of what cannot be written: after a few times it is parked as failed, until somebody lets it be sent again."""
    RETRIES.labels(SERVICE, tools.way.channel, _BROKEN).inc()
    step = after(delivery, Refused(_BROKEN, for_good=False), tools.now(), tools.queueing.rules, jitter=1)
    if isinstance(step, Again) and step.attempts >= _PARKED_AFTER:
        return Failed(step.attempts, _BROKEN)
    return step
