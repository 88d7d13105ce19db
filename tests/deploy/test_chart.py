import re
from copy import deepcopy
from functools import lru_cache, reduce
from operator import getitem
from typing import Any

import pytest

from deploy.charting import FILE, write
from shared.service import _STOP_S, _WINDS_UP_S  # pyright: ignore[reportPrivateUsage]
from shared.settings import KafkaSettings
from shared.topics import ALL_TOPICS, CONSUMERS
from tests.chart.checking import faults_of
from tests.chart.helm import HELM, RELEASE, SET_UPS, NotRendered, Rendered

needs_helm = pytest.mark.skipif(not HELM.exists(), reason="no Helm: `make helm` fetches it")
SERVICES = ("intake", "routing", "notification", "reporting")


@lru_cache
def chart(set_up: str, *settings: str) -> Rendered:
    return Rendered(set_up, *settings)


def test_given_the_code_when_the_facts_of_the_chart_are_compared_then_they_are_as_it_says() -> None:
    assert FILE.read_text(encoding="utf-8") == write(), "write them again with: make facts"


@needs_helm
@pytest.mark.parametrize("set_up", SET_UPS)
def test_given_a_set_up_when_it_is_rendered_then_every_manifest_is_as_its_schema_says(set_up: str) -> None:
    manifests = chart(set_up).all

    faults = faults_of(manifests)

    assert faults == []


@needs_helm
@pytest.mark.parametrize(
    ("kind", "name", "path", "value", "fault"),
    [
        ("Deployment", "ntbcare-intake", ("spec", "replica"), 2, "1.30: spec: Additional properties are not allowed"),
        ("Service", "ntbcare-intake", ("spec", "ports"), "http", "1.37: spec.ports: 'http' is not"),
        ("ScaledObject", "ntbcare-routing", ("spec", "maxReplicas"), 9, "spec.maxReplicas: Extra inputs"),
        (
            "KafkaUser",
            "ntbcare-routing",
            ("spec", "authentication"),
            {"type": "tls"},
            "spec.authentication.type: Input",
        ),
        ("HTTPRoute", "ntbcare", ("spec", "rules"), [], "spec.rules: List should have at least 1 item"),
        ("MongoDBCommunity", "ntbcare-mongodb", ("kind",), "MongoDBComunity", "Couldn't find schema for kind"),
    ],
)
def test_given_a_manifest_that_nobody_takes_when_it_is_checked_then_its_fault_is_named(
    kind: str, name: str, path: tuple[str, ...], value: object, fault: str
) -> None:
    manifest = deepcopy(chart("production").one(kind, name))
    *way, last = path
    reduce(getitem, way, manifest)[last] = value

    faults = faults_of([manifest])

    assert any(fault in found for found in faults), faults


@needs_helm
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (["services.routing.replicas=13"], "13 replicas, but only 12 partitions"),
        (["services.reporting.autoscaling.by=lag", "services.reporting.autoscaling.max=13"], "only 12 partitions"),
        (["kafka.partitions=3", "services.notification.replicas=4"], "4 replicas, but only 3 partitions"),
        (["services.routing.autoscaling.by=cpu", "services.routing.autoscaling.min=7"], "min is more than max"),
        (["services.intake.autoscaling.by=lag"], "it consumes nothing"),
        (["services.intake.autoscaling.by=both"], "must be one of 'cpu', 'lag', 'none'"),
        (["blobs.volume.accessMode=ReadWriteOnce"], "several replicas want .* ReadWriteMany"),
        (["services.intake.settings.LIMITS__COMPLAINT=1/day"], "intake has no setting LIMITS__COMPLAINT"),
        (["services.intake.settings.TICKET_SECRET=abc"], "TICKET_SECRET is a secret"),
        (["services.routing.settings.MONGO__URI=mongodb://u:p@host"], "MONGO__URI is a secret"),
        (["services.gateway.replicas=1"], "additional properties 'gateway' not allowed"),
        (["kafka.bootstrap="], "kafka.bootstrap must name the brokers"),
        (["mongodbCommunity.enabled=true"], "never run without TLS"),
        (["pod.user=0"], "minimum"),
    ],
)
def test_given_values_that_cannot_be_when_they_are_rendered_then_helm_says_why(settings: list[str], why: str) -> None:
    with pytest.raises(NotRendered, match=re.compile(why)):
        Rendered("minimal", *settings)


@needs_helm
def test_given_as_many_replicas_as_partitions_when_they_are_rendered_then_helm_has_nothing_against_it() -> None:
    rendered = Rendered("minimal", "kafka.partitions=3", "services.routing.replicas=3")

    assert rendered.one("Deployment", "ntbcare-routing")["spec"]["replicas"] == 3


@needs_helm
@pytest.mark.parametrize("set_up", SET_UPS)
def test_given_a_service_when_it_scales_then_by_one_thing_only(set_up: str) -> None:
    rendered = chart(set_up)

    by_cpu = {one["spec"]["scaleTargetRef"]["name"] for one in rendered.named("HorizontalPodAutoscaler").values()}
    by_lag = {one["spec"]["scaleTargetRef"]["name"] for one in rendered.named("ScaledObject").values()}
    fixed = {name for name, one in rendered.named("Deployment").items() if "replicas" in one["spec"]}

    assert sorted([*by_cpu, *by_lag, *fixed]) == sorted(f"{RELEASE}-{service}" for service in SERVICES)


@needs_helm
def test_given_a_consumer_when_it_is_rolled_out_then_there_are_never_more_of_it_than_before() -> None:
    rendered = chart("production")

    strategies = {
        service: rendered.one("Deployment", f"{RELEASE}-{service}")["spec"]["strategy"] for service in SERVICES
    }

    surges = {service: strategy["rollingUpdate"]["maxSurge"] for service, strategy in strategies.items()}
    assert surges == {"intake": 1} | dict.fromkeys(CONSUMERS, 0)


@needs_helm
def test_given_a_pod_that_ends_when_everything_takes_its_longest_then_it_is_not_killed_before() -> None:
    pod = chart("minimal").pod("reporting")
    leaves = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    # Answers under way (the image gives them 15 s); background tasks and consumers, and once more those of reporting's
    # generations; the follower of the directory and the publisher.
    tasks, consumers = _WINDS_UP_S, KafkaSettings().drain_s + _STOP_S
    longest = leaves + 15 + 2 * (tasks + consumers) + 2 * _STOP_S

    assert pod["terminationGracePeriodSeconds"] > longest


@needs_helm
def test_given_production_when_its_images_are_looked_at_then_each_is_named_by_its_digest() -> None:
    rendered = chart("production")

    images = [one["image"] for one in _containers(rendered)]

    assert len(images) == len(SERVICES) + 1
    assert [image for image in images if not re.fullmatch(r"[a-z./-]+@sha256:[0-9a-f]{64}", image)] == []


@needs_helm
def test_given_another_namespace_of_topics_when_rights_are_rendered_then_each_topic_has_its_one_writer() -> None:
    rendered = Rendered("production", "kafka.namespace=lombok")

    rights = {name.removeprefix(f"{RELEASE}-"): user for name, user in rendered.named("KafkaUser").items()}

    writers = {topic.full_name("lombok"): {topic.writer} for topic in ALL_TOPICS}
    assert {name: _who(rights, "Write", name) for name in writers} == writers
    for service, topics in CONSUMERS.items():
        assert all(service in _who(rights, "Read", topic.full_name("lombok")) for topic in topics)


@needs_helm
def test_given_routing_when_its_rights_are_rendered_then_it_reads_and_joins_no_more_than_it_needs() -> None:
    user = chart("production").one("KafkaUser", "ntbcare-routing")

    rights = [
        (acl["resource"]["type"], acl["resource"]["name"], acl["resource"]["patternType"], acl["operations"])
        for acl in user["spec"]["authorization"]["acls"]
    ]

    reads, writes = ["Read", "Describe"], ["Write", "Describe"]
    assert sorted(rights) == sorted(
        [
            *(
                ("topic", f"ntbcare.{name}", "literal", reads)
                for name in ("cases", "complaints", "directory", "personal")
            ),
            ("topic", "ntbcare.routing.redrive", "literal", reads),
            *(("topic", f"ntbcare.{name}", "literal", writes) for name in ("cases", "directory", "words")),
            ("topic", "ntbcare.routing.dead-letters", "literal", writes),
            ("group", "ntbcare.routing", "prefix", reads),
        ]
    )


@needs_helm
def test_given_the_network_when_ways_out_are_rendered_then_each_service_has_its_own_only() -> None:
    rendered = chart("production")

    ways = {service: _ports(rendered.one("NetworkPolicy", f"{RELEASE}-{service}")) for service in SERVICES}

    assert _ports(rendered.one("NetworkPolicy")) == [53, 53, 9093]
    assert ways == {
        "intake": [443, 443],  # photos; the issuer
        "routing": [27017, 443],
        "notification": [27017, 587, 443, 443],  # the issuer; gateways and webhooks
        "reporting": [27017],
    }


@needs_helm
def test_given_no_peers_when_ways_are_rendered_then_there_is_no_way_to_everywhere() -> None:
    rendered = chart("minimal")

    ways = [way for policy in rendered.named("NetworkPolicy").values() for way in policy["spec"]["egress"] or []]

    assert all(way["to"] for way in ways)
    assert rendered.one("NetworkPolicy", "ntbcare-intake")["spec"]["egress"] is None


def _containers(rendered: Rendered) -> list[dict[str, Any]]:
    workloads = [*rendered.named("Deployment").values(), *rendered.named("Job").values()]
    return [one for workload in workloads for one in workload["spec"]["template"]["spec"]["containers"]]


def _who(rights: dict[str, Any], operation: str, topic: str) -> set[str]:
    """Whose rights let them do it."""
    return {
        who
        for who, user in rights.items()
        for acl in user["spec"]["authorization"]["acls"]
        if operation in acl["operations"] and acl["resource"].get("name") == topic
    }


def _ports(policy: dict[str, Any]) -> list[int]:
    return [port["port"] for way in policy["spec"]["egress"] for port in way["ports"]]
