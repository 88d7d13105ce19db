"""How good the joining of alike complaints is, over the made-up pairs: what `make bench BENCH=alike` prints."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.routing.domain.alike import Measure, likeness
from tests.routing.alike_pairs import Pair, all_pairs


@dataclass(frozen=True)
class Quality:
    """At one measure."""

    enough: float
    joined: int
    rightly: int
    same: int

    @property
    def precision(self) -> float:
        return self.rightly / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        return self.rightly / self.same

    def __str__(self) -> str:
        return f"from {self.enough:.2f}: precision {self.precision:.3f}, recall {self.recall:.3f}, {self.joined} joined"


def quality(pairs: Iterable[Pair], enough: float) -> Quality:
    scores = [(score_of(pair), pair.same) for pair in pairs]
    joined = [same for score, same in scores if score >= enough]
    return Quality(enough, len(joined), sum(joined), sum(same for _, same in scores))


def score_of(pair: Pair) -> float:
    found = likeness(pair.one.matter, pair.other.matter, Measure())
    return found.score if found else 0.0


def curve(*, held_out: bool) -> list[Quality]:
    pairs = [pair for pair in all_pairs() if pair.held_out is held_out]
    return [quality(pairs, step / 20) for step in range(6, 20)]
