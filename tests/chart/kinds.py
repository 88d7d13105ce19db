"""What we use of kinds that are not Kubernetes' own, for which no schemas come with a package.

Field by field what their documentation says, and nothing beyond: a field that is misspelt, or stands elsewhere, is one
that is not here.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator
from pydantic.alias_generators import to_camel

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Size = Annotated[str, Field(pattern=r"^\d+(Mi|Gi|Ti)$")]
MOST_MATCHES: Final = 128


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, strict=True)


class Metadata(Part):
    name: Name
    namespace: Name
    labels: dict[str, str]


class Resource(Part):
    api_version: str
    kind: str
    metadata: Metadata


class Reference(Part):
    name: Name


# Gateway API, v1


class PathMatch(Part):
    type: Literal["Exact", "PathPrefix"]
    value: Annotated[str, Field(pattern="^/", max_length=1024)]


class Match(Part):
    path: PathMatch
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] | None = None


class Backend(Reference):
    port: Port


class Timeouts(Part):
    request: Annotated[str, Field(pattern=r"^([0-9]{1,5}(h|m|s|ms)){1,4}$")]


class FullPath(Part):
    type: Literal["ReplaceFullPath"]
    replace_full_path: str


class Redirect(Part):
    path: FullPath
    status_code: Literal[301, 302]


class Filter(Part):
    type: Literal["RequestRedirect"]
    request_redirect: Redirect


class RouteRule(Part):
    matches: Annotated[list[Match], Field(min_length=1, max_length=64)]
    backend_refs: Annotated[list[Backend], Field(min_length=1)] | None = None
    filters: list[Filter] | None = None
    timeouts: Timeouts | None = None

    @model_validator(mode="after")
    def _redirects_or_serves(self) -> Self:
        if (self.backend_refs is None) == (self.filters is None):
            raise ValueError("a rule has backends or redirects")
        return self


class Parent(Reference):
    namespace: Name | None = None


class RouteSpec(Part):
    parent_refs: Annotated[list[Parent], Field(min_length=1)]
    hostnames: list[Name] | None = None
    rules: Annotated[list[RouteRule], Field(min_length=1, max_length=16)]

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if sum(len(rule.matches) for rule in self.rules) > MOST_MATCHES:
            raise ValueError(f"more than {MOST_MATCHES} matches in one route")
        return self


class HTTPRoute(Resource):
    spec: RouteSpec


# KEDA, v1alpha1


class Trigger(Part):
    type: Literal["prometheus", "cpu"]
    metadata: dict[str, str]
    metric_type: Literal["Utilization", "AverageValue", "Value"] | None = None


class Fallback(Part):
    failure_threshold: PositiveInt
    replicas: PositiveInt
    behavior: Literal["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower"]


class ScalingPolicy(Part):
    type: Literal["Pods", "Percent"]
    value: PositiveInt
    period_seconds: Annotated[int, Field(ge=1, le=1_800)]


class ScalingRules(Part):
    stabilization_window_seconds: Annotated[int, Field(ge=0, le=3_600)]
    policies: list[ScalingPolicy]


class Behavior(Part):
    scale_down: ScalingRules


class AutoscalerConfig(Part):
    behavior: Behavior


class Advanced(Part):
    horizontal_pod_autoscaler_config: AutoscalerConfig


class ScaledSpec(Part):
    scale_target_ref: Reference
    min_replica_count: PositiveInt
    max_replica_count: PositiveInt
    fallback: Fallback
    advanced: Advanced
    triggers: Annotated[list[Trigger], Field(min_length=1)]


class ScaledObject(Resource):
    spec: ScaledSpec


# Prometheus operator, v1


class Relabeling(Part):
    source_labels: list[str] | None = None
    target_label: str
    replacement: str | None = None


class Endpoint(Part):
    port: str
    path: str
    interval: Annotated[str, Field(pattern=r"^\d+(s|m)$")]
    honor_labels: bool
    relabelings: list[Relabeling]


class Selector(Part):
    match_labels: dict[str, str]


class MonitorSpec(Part):
    selector: Selector
    endpoints: list[Endpoint]


class ServiceMonitor(Resource):
    spec: MonitorSpec


class Alert(Part):
    alert: str
    expr: str
    for_: Annotated[str | None, Field(alias="for")] = None
    keep_firing_for: Annotated[str | None, Field(alias="keep_firing_for")] = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class AlertGroup(Part):
    name: str
    interval: str | None = None
    rules: list[Alert]


class AlertSpec(Part):
    groups: list[AlertGroup]


class PrometheusRule(Resource):
    spec: AlertSpec


FOREIGN: Final[dict[tuple[str, str], type[Resource]]] = {
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): HTTPRoute,
    ("keda.sh/v1alpha1", "ScaledObject"): ScaledObject,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): ServiceMonitor,
    ("monitoring.coreos.com/v1", "PrometheusRule"): PrometheusRule,
}
