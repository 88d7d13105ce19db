"""What can go wrong, named for what happened."""


class Rejected(Exception):
    """A record that can never succeed, however often it is tried. The reason holds no personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BrokerUnreachable(Exception):
    """Kafka did not acknowledge in time. What was sent may still have been delivered."""


class RecordRefused(Exception):
    """The broker will never take this record, such as one that is too large."""
