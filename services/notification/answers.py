"""What follows from what a server or a gateway said, counted where it was put off."""

import random
from collections.abc import Sequence

from services.notification.domain.attempts import UNSURE, Answer, Refused, Step, after
from services.notification.domain.deliveries import Delivery
from services.notification.metrics import RETRIES, SERVICE, UNSURE_ANSWERS
from services.notification.tools import Tools

_BROKEN = "broken"


def steps_after(deliveries: Sequence[Delivery], answer: Answer, tools: Tools) -> list[Step]:
    """Of each that went out together, all at the same moment."""
    if isinstance(answer, Refused) and not answer.for_good:
        channel = tools.way.channel
        RETRIES.labels(SERVICE, channel, answer.reason).inc()
        UNSURE_ANSWERS.labels(SERVICE, channel).inc(len(deliveries) * (answer.reason == UNSURE))
    at, jitter = tools.now(), random.random()  # noqa: S311 - no secret
    return [after(one, answer, at, tools.queueing.rules, jitter=jitter) for one in deliveries]


def step_of_broken(delivery: Delivery, tools: Tools) -> Step:
    """Of what cannot be written."""
    RETRIES.labels(SERVICE, tools.way.channel, _BROKEN).inc()
    return after(delivery, Refused(_BROKEN, for_good=False), tools.now(), tools.queueing.rules, jitter=1)
