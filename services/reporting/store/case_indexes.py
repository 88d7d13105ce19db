"""The indexes of the cases, and the orders in which they are listed."""

from typing import Final

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.reporting.store.searches import FILTERS

NEWEST: Final = [("head.at", DESCENDING), ("_id", DESCENDING)]
OLDEST: Final = [("head.at", ASCENDING), ("_id", ASCENDING)]
INDEXES: Final = (
    IndexModel([("head.public", ASCENDING), *NEWEST], name="newest"),
    *(IndexModel([("head.public", ASCENDING), (name, ASCENDING), *NEWEST], name=name) for name in FILTERS),
    IndexModel([("head.public", ASCENDING), ("found_by", ASCENDING), *NEWEST], name="found_by"),
    IndexModel([("head.public", ASCENDING), ("head.day", ASCENDING), ("_id", ASCENDING)], name="by_day"),
    *(
        IndexModel(
            [
                ("head.public", ASCENDING),
                ("head.case.category", ASCENDING),
                (where, ASCENDING),
                ("head.day", DESCENDING),
            ],
            name=f"near_{name}",
        )
        for name, where in (("cell", "head.case.cell"), ("region", "head.regions"))
    ),
    IndexModel([("head.case.linked_to", ASCENDING)], name="linked_to"),
    IndexModel([("tallies.bucket", ASCENDING)], name="bucket", sparse=True),
    IndexModel([("listed", ASCENDING), *NEWEST], name="listed", partialFilterExpression={"listed": {"$exists": True}}),
    IndexModel(
        [("head.public", ASCENDING), ("late_since", ASCENDING), ("_id", ASCENDING)],
        name="late_since",
        partialFilterExpression={"late_since": {"$exists": True}},
    ),
    IndexModel(
        [("withdrawn_at", ASCENDING), ("_id", ASCENDING)],
        name="withdrawn_at",
        partialFilterExpression={"withdrawn_at": {"$exists": True}},
    ),
    IndexModel([("stale", ASCENDING)], name="stale", sparse=True),
)
