"""Whether manifests are what Kubernetes and the operators take, as far as can be said without a cluster."""

from collections.abc import Iterable
from typing import Final

import kubernetes_validate
from kubernetes_validate.utils import SchemaNotFoundError, ValidationError
from pydantic import ValidationError as WrongShape

from tests.chart.helm import Manifest
from tests.chart.kinds import FOREIGN
from tests.chart.operators import OPERATORS

VERSIONS: Final = ("1.30", "1.37")
"""The oldest Kubernetes that Chart.yaml admits, and the newest that schemas are there for."""
_SHAPES: Final = FOREIGN | OPERATORS


def faults_of(manifests: Iterable[Manifest]) -> list[str]:
    """What is wrong, in words. A kind that nobody has a schema of is wrong too."""
    return [f"{_place(one)}: {fault}" for one in manifests for fault in _faults(one)]


def _faults(manifest: Manifest) -> list[str]:
    shape = _SHAPES.get((manifest["apiVersion"], manifest["kind"]))
    if shape is None:
        return [fault for version in VERSIONS if (fault := _against_kubernetes(manifest, version))]
    try:
        shape.model_validate(manifest)
    except WrongShape as wrong:
        return [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in wrong.errors()]
    return []


def _against_kubernetes(manifest: Manifest, version: str) -> str | None:
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except ValidationError as wrong:
        return f"{version}: {'.'.join(map(str, wrong.path))}: {wrong.message}"
    except SchemaNotFoundError as missing:
        return missing.message
    return None


def _place(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"
