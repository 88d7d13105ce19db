"""The Compose files as Compose itself reads them; nothing is started."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.secret_files import make_secrets
from services.intake.settings import Settings as IntakeSettings
from services.notification.settings import Settings as NotificationSettings
from services.reporting.settings import Settings as ReportingSettings
from services.routing.settings import Settings as RoutingSettings

COMPOSE = shutil.which("docker-compose", path=Path(sys.executable).parent)
SETTINGS = {
    "intake": IntakeSettings,
    "routing": RoutingSettings,
    "notification": NotificationSettings,
    "reporting": ReportingSettings,
}
pytestmark = pytest.mark.skipif(COMPOSE is None, reason="no Docker Compose for this system")


def config(*arguments: str, files: tuple[str, ...] = ("deploy/compose.yaml",)) -> dict[str, Any]:
    chosen = [word for file in files for word in ("--file", file)]
    command = [str(COMPOSE), *chosen, *arguments, "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_given_no_profile_when_compose_reads_the_file_then_what_is_needed_is_there_and_no_more() -> None:
    services = config()["services"]

    assert set(services) == {"kafka", "mongo", "setup", *SETTINGS, "gateway"}


def test_given_every_profile_when_compose_reads_the_files_then_only_the_gateway_is_open_to_the_world() -> None:
    services = config("--profile", "*", files=("deploy/compose.yaml", "deploy/compose.tls.yaml"))["services"]

    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert {name for name, own in ports.items() if any("host_ip" not in port for port in own)} == {"gateway"}
    assert {port["target"] for port in ports["gateway"]} == {8080, 8443}
    assert {"mail", "kafka-ui", "prometheus", "grafana", "ntbcare"} <= set(services)


@pytest.mark.parametrize("service", SETTINGS)
def test_given_a_service_when_compose_starts_it_then_it_has_few_rights_limits_and_comes_back(service: str) -> None:
    found = config()["services"][service]

    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert found["restart"] == "unless-stopped"
    assert int(found["deploy"]["resources"]["limits"]["memory"]) <= 1024**3
    assert "container_name" not in found


@pytest.mark.parametrize("service", SETTINGS)
def test_given_made_secrets_when_a_service_reads_its_settings_as_in_compose_then_they_are_whole(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_secrets(tmp_path)
    found = config()["services"][service]
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for secret in found["secrets"]:
        shutil.copy(tmp_path / secret["source"], mounted / secret["target"])
    monkeypatch.setenv("NTBCARE_SECRETS", str(mounted))
    for name, value in found["environment"].items():
        monkeypatch.setenv(name, value)

    settings = SETTINGS[service].model_validate({})

    assert settings.environment == "production"
    assert settings.kafka.bootstrap == "kafka:9092"
    named = {secret.get_secret_value() for secret in settings.secrets()}
    assert all((tmp_path / name).read_text() in named for name in ("photo_secret",) if service != "notification")


def test_given_the_settings_of_three_brokers_when_compose_reads_them_then_all_know_each_other() -> None:
    services = config("--env-file", "deploy/compose.ha.env")["services"]

    brokers = {name: service["environment"] for name, service in services.items() if name.startswith("kafka")}
    assert {told["KAFKA_NODE_ID"] for told in brokers.values()} == {"1", "2", "3"}
    assert {told["KAFKA_CONTROLLER_QUORUM_VOTERS"] for told in brokers.values()} == {
        "1@kafka:9093,2@kafka-2:9093,3@kafka-3:9093"
    }
    assert services["setup"]["command"][-2:] == ["--brokers", "3"]
    assert services["routing"]["environment"]["ROUTING_KAFKA__BOOTSTRAP"] == "kafka:9092,kafka-2:9092,kafka-3:9092"


def test_given_the_files_of_the_gateway_when_compose_mounts_them_then_each_is_there() -> None:
    mounted = [
        volume["source"]
        for files in (("deploy/compose.yaml",), ("deploy/compose.yaml", "deploy/compose.tls.yaml"))
        for volume in config(files=files)["services"]["gateway"]["volumes"]
    ]

    assert [file for file in mounted if not Path(file).is_file()] == []


def test_given_the_stand_ins_when_their_tags_are_compared_then_compose_and_the_tests_name_the_same() -> None:
    script = Path("deploy/local/base-images").read_text(encoding="utf-8")
    made = set(re.findall(r"^\w+=(\S+:\S+)$", script, re.MULTILINE))

    services = config()["services"]

    wanted = {service["image"] for service in services.values() if "build" not in service}
    assert wanted <= made
