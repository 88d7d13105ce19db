import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from deploy.doctor import Finding, State, examine
from deploy.local.cache import ROOT
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


def test_given_this_checkout_when_bootstrap_has_nothing_to_do_then_doctor_agrees(tmp_path: Path) -> None:
    stamp = subprocess.check_output([ROOT / "deploy/local/bootstrap", "--stamp"], text=True)

    packages = packages_of(ROOT, tmp_path)

    made_now = (ROOT / ".venv" / "made-from").read_text() == stamp
    assert (packages.state is State.GOOD) == made_now


@pytest.mark.parametrize(
    "changed", ["deploy/local/uv-requirements.txt", "pyproject.toml", "uv.lock", "deploy/local/kafka/jgo.lock.toml"]
)
def test_given_a_stamped_checkout_when_one_lock_changes_then_doctor_asks_for_setup(
    tmp_path: Path, changed: str
) -> None:
    checkout = a_checkout(tmp_path / "checkout")
    before = packages_of(checkout, tmp_path)
    bootstrapped = subprocess.run([checkout / "deploy/local/bootstrap"], capture_output=True, text=True, check=True)

    with (checkout / changed).open("a") as lock:
        lock.write("\n")
    after = packages_of(checkout, tmp_path)

    assert (before.state, bootstrapped.stderr) == (State.GOOD, "")
    assert (after.state, "Run: make setup" in after.words) == (State.MISSING, True)


def a_checkout(folder: Path) -> Path:
    """As much of this one as the stamp is made from, and stamped as if `make setup` had just run."""
    for name in ("bootstrap", "uv-requirements.txt", "kafka/jgo.lock.toml"):
        (folder / "deploy/local" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "deploy/local" / name, folder / "deploy/local" / name)
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").mkdir()
    stamp = subprocess.check_output([folder / "deploy/local/bootstrap", "--stamp"])
    (folder / ".venv/made-from").write_bytes(stamp)
    return folder


def packages_of(checkout: Path, data: Path) -> Finding:
    return next(finding for finding in examine(data, checkout) if finding.part == "Packages")
