"""The chart as Helm renders it: without a cluster, with the values of `ci/`."""

import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import yaml

CHART: Final = Path("deploy/helm/ntbcare")
HELM: Final = Path(".cache/helm/helm")
SET_UPS: Final = ("minimal", "plain", "production")
RELEASE: Final = "ntbcare"
NAMESPACE: Final = "ntb"

Manifest = dict[str, Any]


class NotRendered(Exception):
    """What Helm says against the values."""


def values_of(set_up: str) -> Path:
    return CHART / "ci" / f"{set_up}-values.yaml"


def text_of(set_up: str, *settings: str) -> str:
    """The manifests as YAML; `settings` as after `--set`. Raises NotRendered."""
    options = [part for setting in settings for part in ("--set", setting)]
    command = [HELM, "template", RELEASE, CHART, "--namespace", NAMESPACE, "--values", values_of(set_up), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRendered(done.stderr)
    return done.stdout


class Rendered:
    """The manifests by kind and name."""

    def __init__(self, set_up: str, *settings: str) -> None:
        self.all: list[Manifest] = [one for one in yaml.safe_load_all(text_of(set_up, *settings)) if one]
        self._named: dict[str, dict[str, Manifest]] = defaultdict(dict)
        for one in self.all:
            self._named[one["kind"]][one["metadata"]["name"]] = one

    def named(self, kind: str) -> dict[str, Manifest]:
        return self._named.get(kind, {})

    def one(self, kind: str, name: str = RELEASE) -> Manifest:
        return self._named[kind][name]

    def pod(self, service: str) -> Manifest:
        """The spec of its pods."""
        return self.one("Deployment", f"{RELEASE}-{service}")["spec"]["template"]["spec"]

    def container(self, service: str) -> Manifest:
        return self.pod(service)["containers"][0]
