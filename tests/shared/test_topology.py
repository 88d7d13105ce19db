from collections import Counter

from shared.topics import ALL_TOPICS, CONSUMERS, DEAD_LETTERS, DIRECTORY, EVENT_TOPICS, REDRIVES

SERVICES = {"intake", "routing", "notification", "reporting"}


def test_given_all_topics_when_writers_are_counted_then_each_has_one_that_exists() -> None:
    names = Counter(topic.name for topic in ALL_TOPICS)

    assert set(names.values()) == {1}
    assert {topic.writer for topic in EVENT_TOPICS} <= SERVICES


def test_given_every_event_type_when_consumers_are_sought_then_there_is_one() -> None:
    read = {topic.name for topics in CONSUMERS.values() for topic in topics} | {DIRECTORY.name}

    unread = [kind for topic in EVENT_TOPICS if topic.name not in read for kind in topic.types]

    assert unread == []


def test_given_every_event_type_when_topics_are_sought_then_it_rides_on_one() -> None:
    kinds = Counter(kind for topic in EVENT_TOPICS for kind in topic.types)

    assert set(kinds.values()) == {1}
    assert all(kind.rpartition(".v")[2].isdigit() for kind in kinds)


def test_given_a_consumer_when_its_topics_are_listed_then_it_writes_none_of_them() -> None:
    own = [(name, topic.name) for name, topics in CONSUMERS.items() for topic in topics if topic.writer == name]

    assert own == []


def test_given_every_consuming_service_when_topics_are_listed_then_it_can_park_and_redrive() -> None:
    assert set(DEAD_LETTERS) == set(REDRIVES) == set(CONSUMERS)


def test_given_topics_that_hold_what_people_are_or_wrote_when_configured_then_a_tombstone_erases() -> None:
    compacted = {topic.name: topic.config(1) for topic in EVENT_TOPICS if topic.compact}

    assert set(compacted) == {"personal", "words", "directory"}
    assert all(config["cleanup.policy"] == "compact" for config in compacted.values())
    assert all(config["max.compaction.lag.ms"] == "86400000" for config in compacted.values())


def test_given_event_topics_when_configured_then_facts_are_kept_for_ever() -> None:
    kept = {topic.name: topic.config(3)["retention.ms"] for topic in EVENT_TOPICS if not topic.compact}

    assert kept == {"complaints": "-1", "cases": "-1", "notices": str(400 * 86_400_000)}
