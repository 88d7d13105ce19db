"""What the chart tells the services, as they read it."""

import json
import os
import re
from collections.abc import Generator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.charting import SETTINGS
from deploy.commands.kafka import kafka_of
from deploy.dispatch import service_of
from shared.service import OWN_PATHS
from tests.chart.gateway import backend_of
from tests.chart.helm import HELM, Rendered

pytestmark = pytest.mark.skipif(not HELM.exists(), reason="no Helm: `make helm` fetches it")

OF_S3: Final = {"AWS_ENDPOINT", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
WRITTEN: Final = {"TRACKING_SECRETS": json.dumps({"1": "tracking"}), "MONGO__URI": "mongodb://db.example"}
"""Of secrets that are no single word."""


@lru_cache
def chart(set_up: str) -> Rendered:
    return Rendered(set_up)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Machine":
    """A pod's environment and files, without anything of this machine's own."""
    for name in os.environ:
        if name.startswith(("INTAKE_", "ROUTING_", "NOTIFICATION_", "REPORTING_", "KAFKA_")):
            monkeypatch.delenv(name)
    return Machine(tmp_path, monkeypatch)


class Machine:
    """Does what the kubelet does."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch

    def start(self, pod: dict[str, Any]) -> None:
        container, volumes = pod["containers"][0], {volume["name"]: volume for volume in pod["volumes"]}
        root = self._folder / container["name"]
        self._monkeypatch.setenv("NTBCARE_SECRETS", str(root / "run/secrets"))
        for variable in container["env"]:
            value = variable.get("value", "from a secret")
            self._monkeypatch.setenv(variable["name"], value.replace("/etc/ntbcare", f"{root}/etc/ntbcare"))
        for mount in container["volumeMounts"]:
            self._fill(root / mount["mountPath"].lstrip("/"), volumes[mount["name"]])

    def _fill(self, folder: Path, volume: dict[str, Any]) -> None:
        """Files are links into a folder that changes as a whole when the secret does."""
        real = folder / "..2026_01_01_00_00_00.000000001"
        real.mkdir(parents=True)
        (folder / "..data").symlink_to(real.name)
        for name in _files(volume):
            (real / name).write_text(WRITTEN.get(name.partition("_")[2], "word"))
            (folder / name).symlink_to(f"..data/{name}")


@pytest.mark.parametrize("set_up", ["minimal", "plain", "production"])
@pytest.mark.parametrize("service", SETTINGS)
def test_given_a_pod_when_its_service_reads_its_settings_then_they_are_whole(
    machine: Machine, set_up: str, service: str
) -> None:
    pod = chart(set_up).pod(service)
    machine.start(pod)

    settings = SETTINGS[service]()

    assert settings.environment == ("development" if set_up == "plain" else "production")
    assert settings.kafka.namespace == "ntbcare"
    assert settings.secrets()


@pytest.mark.parametrize("set_up", ["minimal", "plain", "production"])
@pytest.mark.parametrize("service", SETTINGS)
def test_given_a_pod_when_its_variables_and_files_are_named_then_each_is_a_setting_of_its_service(
    set_up: str, service: str
) -> None:
    pod = chart(set_up).pod(service)
    secrets = [volume for volume in pod["volumes"] if volume["name"] == "secrets"]

    named = {one["name"] for one in pod["containers"][0]["env"]} | {name for one in secrets for name in _files(one)}

    assert named - OF_S3 - {f"{service}_{name}".upper() for name in _fields(SETTINGS[service])} == set()
    assert service == "intake" or not named & OF_S3


def test_given_the_production_when_its_pods_connect_then_encrypted_and_as_themselves(machine: Machine) -> None:
    machine.start(chart("production").pod("notification"))

    settings = SETTINGS["notification"]()

    kafka = settings.kafka
    assert (kafka.bootstrap, kafka.security_protocol, kafka.sasl_mechanism, kafka.username) == (
        "ntbcare-kafka-bootstrap:9093",
        "SASL_SSL",
        "SCRAM-SHA-512",
        "ntbcare-notification",
    )
    assert (kafka.password, kafka.ca_file) != (None, None)


@pytest.mark.parametrize(
    ("set_up", "bootstrap", "username"),
    [("minimal", "kafka.data.svc:9093", "cli"), ("plain", "kafka:9092", None)],
)
def test_given_the_job_of_the_topics_when_it_reads_its_settings_then_it_finds_kafka(
    machine: Machine, set_up: str, bootstrap: str, username: str | None
) -> None:
    (job,) = chart(set_up).named("Job").values()
    machine.start(job["spec"]["template"]["spec"])

    kafka = kafka_of(os.environ["KAFKA_BOOTSTRAP"], os.environ["KAFKA_NAMESPACE"])

    assert (kafka.bootstrap, kafka.username) == (bootstrap, username)
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["topics", "apply"]


def test_given_every_route_of_every_service_when_the_gateway_is_asked_then_it_sends_it_where_the_table_does(
    machine: Machine,
) -> None:
    route = chart("minimal").one("HTTPRoute")
    asked = [request for name in SETTINGS for request in _requests(machine, name)]

    elsewhere = [request for request in asked if backend_of(route, *request) != service_of(*request)]

    assert elsewhere == []
    assert len(asked) > 150


@pytest.mark.parametrize("path", [*OWN_PATHS, "/-/", "/-/intake/metrics"])
def test_given_what_is_the_operators_when_the_gateway_is_asked_then_no_service_answers(path: str) -> None:
    route = chart("minimal").one("HTTPRoute")

    backend = backend_of(route, "GET", path)

    assert backend is None


def _requests(machine: Machine, service: str) -> Generator[tuple[str, str]]:
    """One for each route and method; what stands in braces is a format after a dot, else anything."""
    machine.start(chart("plain").pod(service))
    app = import_module(f"services.{service}.app").create_app()
    for route in app.routes:
        path = re.sub(r"\{[^}]+\}", "x.1", re.sub(r"\.\{[^}]+\}", ".xml", route.path))
        yield from ((method, path) for method in getattr(route, "methods", None) or ["GET"])


def _files(volume: dict[str, Any]) -> list[str]:
    sources = volume.get("projected", {}).get("sources", [volume])
    parts = [part for source in sources for part in source.values() if isinstance(part, dict)]
    return [item["path"] for part in parts for item in part.get("items", [])]


def _fields(model: Any, prefix: str = "") -> Generator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if hasattr(field.annotation, "model_fields"):
            yield from _fields(field.annotation, f"{prefix}{name}__")
