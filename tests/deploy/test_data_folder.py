import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.development import DEMO, DESK, SecretsUnreadable, development_secrets, known_secrets
from deploy.local.plan import Plan
from deploy.local.ports import HOST, PortTaken, free_port
from deploy.local.running import AlreadyRunning, Running, find_running, hold, write_down
from shared.ids import ALPHABET


def test_given_a_new_folder_when_secrets_are_asked_for_then_they_are_made_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"

    secrets = development_secrets(folder)

    tracking = json.loads(secrets["INTAKE_TRACKING_SECRETS"])
    assert [len(key_id) == 1 and key_id in ALPHABET for key_id in tracking] == [True]
    assert secrets["REPORTING_TRACKING_SECRETS"] == secrets["INTAKE_TRACKING_SECRETS"]
    assert len({secrets[f"{name}_PHOTO_SECRET"] for name in ("INTAKE", "ROUTING", "REPORTING")}) == 1
    values = [
        *tracking.values(),
        secrets["INTAKE_TICKET_SECRET"],
        secrets["INTAKE_PHOTO_SECRET"],
        secrets["NOTIFICATION_ADDRESS_SECRET"],
        secrets[DEMO],
        secrets[DESK],
    ]
    assert all(value.startswith("dev-") for value in values)
    assert len(set(values)) == 6
    assert (folder / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_given_secrets_when_asked_for_again_then_they_are_the_same(tmp_path: Path) -> None:
    first = development_secrets(tmp_path)

    again = development_secrets(tmp_path)

    assert again == first


def test_given_a_new_folder_when_known_secrets_are_asked_for_then_none_are_made(tmp_path: Path) -> None:
    folder = tmp_path / "new"

    secrets = known_secrets(folder)

    assert secrets == {}
    assert not folder.exists()


def test_given_a_file_of_an_older_version_when_asked_for_then_only_what_is_missing_is_made(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("""INTAKE_TRACKING_SECRETS='{"7": "dev-old"}'\n""")

    secrets = development_secrets(tmp_path)

    assert secrets["INTAKE_TRACKING_SECRETS"] == '{"7": "dev-old"}'
    assert secrets["REPORTING_TRACKING_SECRETS"] == '{"7": "dev-old"}'
    assert secrets["INTAKE_TICKET_SECRET"].startswith("dev-")


def test_given_secrets_when_a_shell_reads_the_file_then_it_gets_the_same(tmp_path: Path) -> None:
    secrets = development_secrets(tmp_path)

    told = subprocess.check_output(
        ["sh", "-c", '. "$1" && printf %s "$INTAKE_TRACKING_SECRETS"', "-", tmp_path / "secrets.env"], text=True
    )

    assert told == secrets["INTAKE_TRACKING_SECRETS"]


def test_given_a_damaged_file_when_secrets_are_asked_for_then_nothing_is_made_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("half a li")

    with pytest.raises(SecretsUnreadable, match="line 1, is not NAME=value"):
        development_secrets(tmp_path)

    assert (tmp_path / "secrets.env").read_text() == "half a li"


def test_given_a_held_folder_when_held_again_then_the_refusal_says_where_the_other_runs(tmp_path: Path) -> None:
    with hold(tmp_path):
        write_down(tmp_path, a_running(pid=4711))
        with pytest.raises(AlreadyRunning, match=r"http://127\.0\.0\.1:8000 \(process 4711\)"), hold(tmp_path):
            pass


def test_given_a_held_folder_when_looked_for_then_it_is_found_until_it_is_let_go(tmp_path: Path) -> None:
    with hold(tmp_path):
        before = find_running(tmp_path)
        write_down(tmp_path, a_running(pid=4711))
        meanwhile = find_running(tmp_path)

    assert before is None
    assert meanwhile == a_running(pid=4711)
    assert find_running(tmp_path) is None


def test_given_a_record_of_a_killed_platform_when_looked_for_then_it_is_not_believed(tmp_path: Path) -> None:
    write_down(tmp_path, a_running(pid=4711))

    found = find_running(tmp_path)

    assert found is None


def test_given_a_server_that_outlived_its_platform_when_the_folder_is_held_then_it_is_ended(tmp_path: Path) -> None:
    orphan = subprocess.Popen([sys.executable, "-c", "input()", tmp_path / "data"], stdin=subprocess.PIPE)
    write_down(tmp_path, a_running(pid=4711, servers=(orphan.pid,)))

    with hold(tmp_path):
        pass

    orphan.communicate(timeout=5)
    assert orphan.returncode != 0


def test_given_a_process_id_that_is_another_programs_now_when_the_folder_is_held_then_it_lives_on(
    tmp_path: Path,
) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write_down(tmp_path, a_running(pid=4711, servers=(stranger.pid,)))

    with hold(tmp_path):
        alive = stranger.poll() is None

    stranger.communicate(b"\n")
    assert alive


def test_given_taken_ports_when_a_plan_is_checked_then_each_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        http, kafka = one.getsockname()[1], other.getsockname()[1]
        plan = Plan(tmp_path, http, kafka, free_port(), free_port())

        with pytest.raises(PortTaken) as refusal:
            plan.refuse_taken_ports()

    assert f"The web server cannot have port {http}" in str(refusal.value)
    assert "PORT or --port" in str(refusal.value)
    assert f"Kafka cannot have port {kafka}" in str(refusal.value)
    assert "KAFKA_PORT or --kafka-port" in str(refusal.value)
    assert "MongoDB" not in str(refusal.value)


def test_given_one_port_for_two_when_a_plan_is_checked_then_both_are_named(tmp_path: Path) -> None:
    plan = Plan(tmp_path, 9000, 9000, free_port(), free_port())

    with pytest.raises(PortTaken) as refusal:
        plan.refuse_taken_ports()

    assert "The web server (PORT or --port), Kafka (KAFKA_PORT or --kafka-port)" in str(refusal.value)


def a_running(pid: int, servers: tuple[int, ...] = ()) -> Running:
    return Running(pid, "http://127.0.0.1:8000", "127.0.0.1:9092", "mongodb://127.0.0.1:27017/", 1025, servers)
