"""What we use of Strimzi's kinds (v1) and of MongoDB's operator, as `tests.chart.kinds` has it of the others."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from tests.chart.kinds import Name, Part, Port, Reference, Resource, Selector, Size


class ScramLogin(Part):
    type: Literal["scram-sha-512"]


class Peer(Part):
    pod_selector: Selector


class Listener(Part):
    name: Annotated[str, Field(pattern=r"^[a-z0-9]{1,11}$")]
    port: Port
    type: Literal["internal"]
    tls: Literal[True]
    authentication: ScramLogin
    network_policy_peers: list[Peer]


class Simple(Part):
    type: Literal["simple"]


class Brokers(Part):
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] | None = None
    listeners: list[Listener]
    authorization: Simple
    config: dict[str, Any]


class Empty(Part):
    pass


class EntityOperator(Part):
    user_operator: Empty


class KafkaSpec(Part):
    kafka: Brokers
    entity_operator: EntityOperator


class Kafka(Resource):
    spec: KafkaSpec


class Volume(Part):
    id: int
    type: Literal["persistent-claim"]
    size: Size
    kraft_metadata: Literal["shared"]
    delete_claim: bool
    class_: Annotated[str | None, Field(alias="class")] = None


class Volumes(Part):
    type: Literal["jbod"]
    volumes: list[Volume]


class PoolSpec(Part):
    replicas: PositiveInt
    roles: list[Literal["broker", "controller"]]
    resources: dict[Literal["requests", "limits"], dict[Literal["cpu", "memory"], str]]
    storage: Volumes


class KafkaNodePool(Resource):
    spec: PoolSpec


class AclResource(Part):
    type: Literal["topic", "group", "cluster"]
    name: str | None = None
    pattern_type: Literal["literal", "prefix"] | None = None

    @model_validator(mode="after")
    def _only_the_cluster_has_no_name(self) -> Self:
        if (self.type == "cluster") != (self.name is None):
            raise ValueError("topics and groups are named, the cluster is not")
        return self


class Acl(Part):
    resource: AclResource
    operations: list[Literal["Read", "Write", "Create", "Describe", "DescribeConfigs", "Delete"]]


class Acls(Simple):
    acls: list[Acl]


class UserSpec(Part):
    authentication: ScramLogin
    authorization: Acls


class KafkaUser(Resource):
    spec: UserSpec


class PasswordKey(Reference):
    key: str


class Role(Part):
    name: Literal["readWrite"]
    db: str


class MongoUser(Part):
    name: str
    db: str
    password_secret_ref: PasswordKey
    scram_credentials_secret_name: Name
    connection_string_secret_name: Name
    additional_connection_string_config: dict[str, str]
    roles: list[Role]


class Modes(Part):
    modes: list[Literal["SCRAM"]]


class MongoTls(Part):
    enabled: Literal[True]
    certificate_key_secret_ref: Reference
    ca_config_map_ref: Reference


class MongoSecurity(Part):
    authentication: Modes
    tls: MongoTls


class StatefulSetSpec(Part):
    spec: dict[str, Any]
    """Kubernetes' own."""


class MongoSpec(Part):
    type: Literal["ReplicaSet"]
    members: PositiveInt
    version: str
    security: MongoSecurity
    users: list[MongoUser]
    stateful_set: StatefulSetSpec


class MongoDBCommunity(Resource):
    spec: MongoSpec


OPERATORS: Final[dict[tuple[str, str], type[Resource]]] = {
    ("kafka.strimzi.io/v1", "Kafka"): Kafka,
    ("kafka.strimzi.io/v1", "KafkaNodePool"): KafkaNodePool,
    ("kafka.strimzi.io/v1", "KafkaUser"): KafkaUser,
    ("mongodbcommunity.mongodb.com/v1", "MongoDBCommunity"): MongoDBCommunity,
}
