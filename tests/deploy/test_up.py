"""`ntbcare up` as a person uses it: a process of its own, on free ports, with a data folder of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.ports import HOST, free_port, is_free
from tests.waiting import SLACK_S

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

NTBCARE = Path(sys.executable).with_name("ntbcare")
COMPLAINT = ["--category", "road.damage", "--region", "52.71", "--text", "Jalan berlubang di depan pasar"]
ANSWERS = ["--answer", "road_class=regency"]
COMPLAINT_BODY = {
    "category": "road.damage",
    "location": {"region": "52.71"},
    "text": "Jalan berlubang di depan pasar",
    "answers": {"road_class": "regency"},
    "anonymous": True,
}
REPORTER = ["--name", "Sari", "--email", "sari@example.org"]


@dataclass(frozen=True)
class Place:
    """Where a platform of a test keeps its data and listens."""

    data: Path
    port: int
    kafka_port: int
    mongo_port: int
    smtp_port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        told = {
            "NTBCARE_DATA": self.data,
            "PORT": self.port,
            "KAFKA_PORT": self.kafka_port,
            "MONGO_PORT": self.mongo_port,
            "SMTP_PORT": self.smtp_port,
        }
        return {**os.environ, **{name: str(value) for name, value in told.items()}}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "data", free_port(), free_port(), free_port(), free_port())


def test_given_a_complaint_when_the_platform_is_stopped_and_started_again_then_all_of_it_is_there(place: Place) -> None:
    with running(place) as process:
        ticket, code = submit(place)
        until(lambda: mail_to(place, "sari@example.org"), "the receipt is in the mail sink")
        told = track(place, ticket, code)
        seconds = stop(process)

    with running(place):
        told_again = track(place, ticket, code)
        mail = mail_to(place, "sari@example.org")

    assert seconds < 30
    assert process.returncode == 0
    assert "assigned" in told
    assert told_again.splitlines()[:5] == told.splitlines()[:5]
    assert ticket in mail[-1]["subject"]


def test_given_a_running_platform_when_killed_and_started_again_then_nothing_is_in_the_way(place: Place) -> None:
    with running(place) as process:
        ticket, code = submit(place)
        track(place, ticket, code)

        process.send_signal(signal.SIGKILL)
        process.wait()

    with running(place) as again:
        told = track(place, ticket, code)
        health = httpx2.get(f"{place.url}/livez").json()
        stop(again)

    assert "assigned" in told
    assert health == {"status": "ok"}
    assert all(is_free(port) for port in (place.port, place.kafka_port, place.mongo_port, place.smtp_port))


def test_given_a_running_platform_when_its_pages_are_read_then_each_answers(place: Place) -> None:
    paths = [
        "/",
        "/instansi",
        "/peta",
        "/aduan",
        "/macet",
        "/pagi",
        "/-/",
        "/docs",
        "/metrics",
        "/livez",
        "/readyz",
        "/-/mail",
        "/-/mail.json",
        "/v1/statistics",
    ]
    own = ["livez", "readyz", "metrics", "docs", "asyncapi", "openapi.json"]
    paths += [f"/-/{name}/{path}" for name in ("intake", "routing", "notification", "reporting") for path in own]

    with running(place):
        answers = {path: httpx2.get(place.url + path).status_code for path in paths}
        missing = httpx2.get(f"{place.url}/nothing")
        metrics = httpx2.get(f"{place.url}/metrics").text

    assert answers == dict.fromkeys(paths, 200)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert all(f'service="{name}"' in metrics for name in ("routing", "notification", "reporting"))


def test_given_a_running_platform_when_started_a_second_time_then_the_refusal_says_where_it_is(place: Place) -> None:
    with running(place) as process:
        second = subprocess.run([NTBCARE, "up"], env=place.environment, capture_output=True, text=True, check=False)
        still_ready = httpx2.get(f"{place.url}/readyz").status_code

    assert second.returncode == 1
    assert f"already runs from {place.data} at {place.url} (process {process.pid})" in second.stderr
    assert still_ready == 200


def test_given_a_taken_port_when_started_then_nothing_starts_and_the_port_and_its_setting_are_named(
    place: Place,
) -> None:
    with socket.create_server((HOST, place.kafka_port)):
        refused = subprocess.run([NTBCARE, "up"], env=place.environment, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert f"Kafka cannot have port {place.kafka_port}" in refused.stderr
    assert "KAFKA_PORT or --kafka-port" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (place.data / "mongodb").exists()


def test_given_a_setting_that_a_service_refuses_when_started_then_it_is_named_and_all_ends(place: Place) -> None:
    environment = {**place.environment, "INTAKE_MAX_BODY_SIZE": "many"}

    refused = subprocess.run([NTBCARE, "up"], env=environment, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert "The settings of intake are not right: INTAKE_MAX_BODY_SIZE" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert all(is_free(port) for port in (place.kafka_port, place.mongo_port))


def test_given_the_demo_when_loaded_twice_then_reporting_says_185_of_278_both_times(place: Place) -> None:
    with running(place):
        first = ntbcare(place, "demo", "load")
        second = ntbcare(place, "demo", "load")
        totals = httpx2.get(f"{place.url}/v1/statistics?from=2021-01-01&to=2021-10-31").json()["totals"]

    assert re.search(r"All\s+278\s+185\s+66\.5", first)
    assert second == first
    assert (totals["received"], totals["followed_up"], totals["followed_up_percent"]) == (278, 185, 66.5)


def test_given_a_kafka_that_stands_still_when_the_platform_is_stopped_then_it_ends_soon(place: Place) -> None:
    with running(place) as process:
        kafka, _ = servers_of(place)
        os.kill(kafka, signal.SIGSTOP)
        began = time.monotonic()
        refused = httpx2.post(f"{place.url}/v1/complaints", json=COMPLAINT_BODY, timeout=30)
        waited = time.monotonic() - began

        seconds = stop(process)

    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert int(refused.headers["retry-after"]) > 0
    assert waited < 3 + SLACK_S
    assert seconds < 40
    assert process.returncode == 0
    assert all(is_free(port) for port in (place.port, place.kafka_port, place.mongo_port))


def test_given_a_mongod_that_cannot_be_started_again_when_it_ends_then_the_reason_is_told_before_all_is_stopped(
    place: Place,
) -> None:
    with running(place) as process:
        kafka, mongod = servers_of(place)
        os.kill(kafka, signal.SIGSTOP)
        (place.data / "mongodb/data").rename(place.data / "mongodb/away")
        (place.data / "mongodb/data").write_text("no folder")

        os.kill(mongod, signal.SIGKILL)
        until(lambda: "MongoDB ended while it was started." in terminal_of(place), "the reason is told", 30)
        still_there = process.poll() is None
        process.wait(timeout=30)

    assert still_there
    assert process.returncode == 1
    assert terminal_of(place).count("MongoDB ended while it was started.") == 1
    assert "Traceback" not in terminal_of(place)


def test_given_a_server_that_ended_when_it_runs_again_then_the_record_has_its_new_process(place: Place) -> None:
    with running(place):
        kafka, mongod = servers_of(place)

        os.kill(mongod, signal.SIGKILL)
        until(lambda: "MongoDB runs again." in terminal_of(place), "MongoDB runs again", 30)
        now = servers_of(place)

    assert now[0] == kafka
    assert now[1] != mongod


def test_given_a_running_platform_when_a_client_is_issued_then_its_token_is_known_at_once(place: Place) -> None:
    with running(place):
        issued = subprocess.run(
            [NTBCARE, "clients", "issue", "--name", "Portal", "--role", "integrator"],
            env=place.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        bearer = {"Authorization": f"Bearer {issued.stdout.strip()}"}
        status = httpx2.post(f"{place.url}/v1/complaints", json={}, headers=bearer).status_code

    assert "It is known." in issued.stderr
    assert f"written to the database routing at mongodb://127.0.0.1:{place.mongo_port}/" in issued.stderr
    assert status == 422


def test_given_a_running_platform_when_somebody_is_signed_in_then_they_act_on_the_case_of_their_agency(
    place: Place,
) -> None:
    with running(place):
        ticket, code = submit(place)
        track(place, ticket, code)
        token = ntbcare(place, "token", "--role", "officer", "--agency", "PUPR-52.71").strip()
        headers = {"Authorization": f"Bearer {token}", "If-Match": "1"}
        accepted = httpx2.post(f"{place.url}/v1/desk/cases/{ticket}/accept", headers=headers)

    assert (accepted.status_code, accepted.json()["revision"]) == (200, 2)


def test_given_an_issuer_when_the_platform_runs_then_the_local_one_has_no_say(place: Place) -> None:
    with running(place, ROUTING_OIDC__ISSUER="http://127.0.0.1:1"):
        token = ntbcare(place, "token", "--role", "coordinator").strip()
        headers = {"Authorization": f"Bearer {token}"}
        status = httpx2.get(f"{place.url}/v1/desk/cases/NTB-336T-6BAV-RYHW-HK", headers=headers).status_code

    assert status == 503


def servers_of(place: Place) -> tuple[int, int]:
    """Process ids of Kafka and mongod."""
    kafka, mongod = json.loads((place.data / "running.json").read_text())["servers"]
    return kafka, mongod


def terminal_of(place: Place) -> str:
    return (place.data / "terminal").read_text()


@contextmanager
def running(place: Place, **variables: str) -> Generator[subprocess.Popen[bytes]]:
    """`ntbcare up`, ready; it is stopped at the end if it is not yet."""
    place.data.mkdir(exist_ok=True)
    with (place.data / "terminal").open("ab") as terminal:
        environment = {**place.environment, **variables}
        process = subprocess.Popen([NTBCARE, "up"], env=environment, stdout=terminal, stderr=terminal)
        try:
            until(lambda: is_ready(place, process), "the platform is ready")
            yield process
        finally:
            if process.poll() is None:
                stop(process)


def stop(process: subprocess.Popen[bytes]) -> float:
    """End it as a supervisor does; returns the seconds that it took."""
    began = time.monotonic()
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return time.monotonic() - began


def is_ready(place: Place, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, (place.data / "terminal").read_text()
    with suppress(httpx2.TransportError):
        return httpx2.get(f"{place.url}/readyz").is_success
    return False


def until(happened: Callable[[], Any], what: str, limit_s: float = 90) -> None:
    deadline = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.1)


def submit(place: Place) -> tuple[str, str]:
    """Ticket and tracking code."""
    told = ntbcare(place, "submit", *COMPLAINT, *ANSWERS, *REPORTER)
    found = re.search(r"Ticket\s+(NTB-\S+)\s+Tracking code\s+(\S+)", told)
    assert found is not None
    return found[1], found[2]


def track(place: Place, ticket: str, code: str) -> str:
    """What is told as soon as an agency has the case."""
    until(lambda: "assigned" in ntbcare(place, "track", ticket, "--code", code, "--wait"), "the case is assigned")
    return ntbcare(place, "track", ticket, "--code", code)


def mail_to(place: Place, address: str) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{place.url}/-/mail.json", params={"to": address})
    return json.loads(answer.text)["items"]


def ntbcare(place: Place, *typed: str) -> str:
    return subprocess.check_output([NTBCARE, *typed], env=place.environment, text=True)
