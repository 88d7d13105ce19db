from pathlib import Path

from deploy.local.disk import why_full


def test_given_a_log_that_ends_with_a_full_disk_when_asked_why_then_it_is_named(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_text("started\njava.io.IOException: No space left on device\nShutdown\n")

    why = why_full(log)

    assert why.startswith("The disk was full")
    assert str(tmp_path) in why


def test_given_a_full_disk_long_ago_when_asked_why_then_it_is_not_named(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    log.write_text("No space left on device\n" + "started\n" * 20)

    why = why_full(log)

    assert not why


def test_given_no_log_yet_when_asked_why_then_only_the_space_counts(tmp_path: Path) -> None:
    why = why_full(tmp_path / "kafka.log")

    assert not why
