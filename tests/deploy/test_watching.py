"""Metrics, alerts, their pages and dashboards: each names only what there is."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from typer.main import get_command

from deploy.cli import app
from deploy.dashboards import DASHBOARDS, FOLDER, draw
from deploy.metrics_page import PAGE, labels, metrics, samples
from deploy.metrics_page import draw as draw_metrics

PROMETHEUS: Final = Path("deploy/prometheus")
RUNBOOKS: Final = Path("docs/runbooks")
NAME: Final = re.compile(r"ntbcare_[a-z_]+")
LABEL: Final = re.compile(r"(ntbcare_[a-z_]+)\{([^}]*)\}")
COMMAND: Final = re.compile(r"(?:\.venv/bin/)?ntbcare ((?:[a-z][a-z-]+ ?)+)")


def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def pages() -> list[Path]:
    return sorted(path for path in RUNBOOKS.glob("*.md") if path.stem != "README")


def queries() -> list[str]:
    asked = [panel.query for dashboard in DASHBOARDS for panel in dashboard.panels]
    written = [line for page in pages() for line in page.read_text(encoding="utf-8").splitlines()]
    return [*asked, *(rule["expr"] for rule in rules()), *written]


def test_given_the_metrics_when_the_page_is_compared_then_it_is_what_they_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw_metrics(), "draw it again with: make diagrams"


def test_given_the_metrics_when_their_code_is_looked_for_then_each_is_set_somewhere() -> None:
    sources = [
        path.read_text(encoding="utf-8") for place in ("shared", "services") for path in Path(place).rglob("*.py")
    ]
    names = set(re.findall(r"^([A-Z_]+): Final = (?:Counter|Gauge|Histogram)\(", "\n".join(sources), re.MULTILINE))

    used = {name for name in names if any(re.search(rf"\b{name}(\.clear\(|\.labels\()", source) for source in sources)}

    assert len(names) == len(metrics())
    assert used == names


def test_given_alerts_dashboards_and_pages_when_their_queries_are_read_then_every_metric_and_label_exists() -> None:
    known = metrics()

    named = {name for query in queries() for name in NAME.findall(query)}
    chosen = {
        (name, label)
        for query in queries()
        for name, inside in LABEL.findall(query)
        for label in re.findall(r"(\w+)=", inside)
    }

    assert named <= samples(), named - samples()
    assert chosen
    for name, label in chosen:
        assert label in labels(known[name.removesuffix("_bucket")]), (name, label)


def test_given_the_dashboards_when_they_are_compared_then_they_are_as_they_lie_in_the_folder() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {one.uid for one in DASHBOARDS}
    for dashboard in DASHBOARDS:
        assert (FOLDER / f"{dashboard.uid}.json").read_text(encoding="utf-8") == draw(dashboard), "make diagrams"


def test_given_the_dashboards_when_their_source_is_looked_for_then_it_is_provisioned() -> None:
    provisioned = yaml.safe_load(Path("deploy/grafana/provisioning/datasources/prometheus.yaml").read_text("utf-8"))

    asked = {panel["datasource"]["uid"] for dashboard in DASHBOARDS for panel in json.loads(draw(dashboard))["panels"]}

    assert asked == {source["uid"] for source in provisioned["datasources"]}


def test_given_the_alerts_when_they_are_read_then_each_says_how_bad_it_is_and_has_its_page() -> None:
    found = {rule["alert"]: rule for rule in rules()}

    assert {rule["labels"]["severity"] for rule in found.values()} == {"critical", "warning"}
    assert all(rule["annotations"]["summary"] for rule in found.values())
    assert [rule["annotations"]["runbook_url"] for rule in found.values()] == [
        f"docs/runbooks/{re.sub('(?<!^)(?=[A-Z])', '-', name).lower()}.md" for name in found
    ]
    assert {rule["annotations"]["runbook_url"] for rule in found.values()} == {str(path) for path in pages()}


def test_given_the_rules_tests_when_they_are_read_then_each_alert_fires_in_one_and_keeps_still_in_another() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yaml").read_text(encoding="utf-8"))["tests"]
    asked = [check for test in tests for check in test["alert_rule_test"]]

    fires = {check["alertname"] for check in asked if check.get("exp_alerts")}
    still = {check["alertname"] for check in asked if not check.get("exp_alerts")}

    assert fires == still == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "rules", "alerts.yaml"],
        ["check", "config", "prometheus.yaml"],
        ["test", "rules", "alerts_test.yaml"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_given_the_rules_when_promtool_tries_them_then_they_hold(arguments: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: make tools installs it")

    tried = subprocess.run([promtool, *arguments], cwd=PROMETHEUS, check=False, capture_output=True, text=True)

    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_given_dashboards_and_pages_when_promtool_reads_their_queries_then_each_is_one(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool: make tools installs it")
    asked = [panel.query for dashboard in DASHBOARDS for panel in dashboard.panels]
    blocks = [
        part for page in pages() for part in re.findall(r"```promql\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    asked += [line for block in blocks for line in block.splitlines()]
    recorded = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(asked)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": recorded}]}), "utf-8")

    read = subprocess.run(
        [promtool, "check", "rules", tmp_path / "rules.yaml"], check=False, capture_output=True, text=True
    )

    assert len(blocks) >= 9
    assert read.returncode == 0, read.stdout + read.stderr


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_given_a_page_when_its_commands_are_looked_for_then_each_exists(page: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```|`(ntbcare [^`]+)`", page.read_text(encoding="utf-8"), re.DOTALL)
    told = [command.split() for part in blocks for command in COMMAND.findall("".join(part))]

    for words in told:
        command: Any = get_command(app)
        for word in words:
            if not hasattr(command, "get_command"):
                break
            command = command.get_command(None, word)
            assert command is not None, " ".join(words)
    for heading in ("## What it means", "## How to look", "## How to mend it", "## When it is over"):
        assert heading in page.read_text(encoding="utf-8")
