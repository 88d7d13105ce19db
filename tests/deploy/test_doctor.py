import socket
from pathlib import Path

import pytest

from deploy.doctor import State, examine
from deploy.local.ports import HOST, free_port
from deploy.local.running import Running, hold, write_down


def test_given_this_machine_when_examined_then_each_part_is_told_with_words(tmp_path: Path) -> None:
    findings = {finding.part: finding for finding in examine(tmp_path)}

    parts = {"Python", "Packages", "Java", "Kafka", "MongoDB", "Disk", "Docker engine", "Browser", "NTB Care"}
    assert parts <= set(findings)
    assert all(finding.words for finding in findings.values())
    assert findings["Java"].state is State.GOOD
    assert findings["MongoDB"].state is State.GOOD
    assert findings["NTB Care"].state is State.OPTIONAL


def test_given_a_taken_port_when_examined_then_the_setting_that_changes_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("KAFKA_PORT", str(port))

        findings = {finding.part: finding for finding in examine(tmp_path)}

    assert findings[f"Port {port}"].state is State.MISSING
    assert "KAFKA_PORT" in findings[f"Port {port}"].words


def test_given_a_platform_that_does_not_answer_when_examined_then_it_is_told(tmp_path: Path) -> None:
    url = f"http://{HOST}:{free_port()}"

    with hold(tmp_path):
        write_down(tmp_path, Running(4711, url, "127.0.0.1:9092", "mongodb://127.0.0.1:27017/", 1025, ()))
        findings = {finding.part: finding for finding in examine(tmp_path)}

    assert findings["NTB Care"].state is State.MISSING
    assert findings["NTB Care"].words == f"runs as process 4711, but {url} does not answer"
