"""What somebody runs already, recognised by what it is for: reuse is nearly free, a new part is somebody's night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes": ("kubernetes", "k8s", "eks", "gke", "aks", "openshift", "rancher", "k3s"),
    "containers": (
        "ecs",
        "fargate",
        "cloud run",
        "cloudrun",
        "container apps",
        "nomad",
        "app runner",
        "lambda",
        "cloud functions",
        "azure functions",
        "docker",
        "fly.io",
        "heroku",
        "app engine",
    ),
    "orchestrator": (
        "airflow",
        "mwaa",
        "cloud composer",
        "dagster",
        "prefect",
        "argo",
        "kubeflow",
        "luigi",
        "azkaban",
        "step functions",
        "databricks workflows",
        "databricks",
        "flyte",
        "metaflow",
        "oozie",
        "data factory",
        "taskcluster",
        "vertex pipelines",
        "sagemaker pipelines",
    ),
    "broker": (
        "kafka",
        "kinesis",
        "pubsub",
        "pub/sub",
        "redpanda",
        "pulsar",
        "event hubs",
        "rabbitmq",
        "nats",
        "confluent",
    ),
    "stream_processor": ("flink", "spark streaming", "kafka streams", "beam", "dataflow", "materialize"),
    "warehouse": (
        "snowflake",
        "bigquery",
        "redshift",
        "dbt",
        "databricks",
        "synapse",
        "clickhouse",
        "athena",
        "trino",
        "hive",
    ),
    "postgresql": (
        "postgresql",
        "postgres",
        "pgvector",
        "aurora",
        "rds",
        "timescaledb",
        "cloud sql",
        "supabase",
        "alloydb",
    ),
    "key_value": (
        "redis",
        "dynamodb",
        "cassandra",
        "scylla",
        "bigtable",
        "memcached",
        "valkey",
        "elasticache",
        "memorystore",
    ),
    "search": ("elasticsearch", "opensearch", "solr", "meilisearch", "typesense", "lucene", "vespa", "algolia"),
    "vectors": ("qdrant", "weaviate", "pinecone", "milvus", "lancedb", "chroma", "turbopuffer", "vald"),
    "tracking": (
        "mlflow",
        "wandb",
        "w&b",
        "weights & biases",
        "neptune",
        "comet",
        "sagemaker",
        "vertex",
        "azure ml",
        "clearml",
    ),
    "feature_store": ("feast", "tecton", "hopsworks", "michelangelo", "feature store", "zipline", "chronon"),
    "model_server": (
        "triton",
        "kserve",
        "seldon",
        "vllm",
        "tgi",
        "bentoml",
        "torchserve",
        "tf serving",
        "ray serve",
        "tensorflow serving",
        "sagemaker",
        "vertex endpoints",
    ),
    "ci": ("github actions", "gitlab ci", "gitlab", "jenkins", "circleci", "buildkite", "azure devops", "github"),
    "metrics": ("prometheus", "grafana", "datadog", "cloudwatch", "new relic", "honeycomb", "sentry"),
    "spark": ("spark", "emr", "dataproc", "databricks"),
    "object_store": ("s3", "gcs", "blob storage", "minio", "object storage"),
    "gpu": ("gpu", "gpus", "cuda", "a100", "h100", "l4", "t4"),
}


def named(stack: Sequence[str] | None, role: str) -> str:
    """The part of the stack that plays that role, as its owner wrote it; empty where there is none."""
    for part in stack or ():
        words = f" {part.lower().replace('-', ' ').replace('_', ' ').replace('(', ' ').replace(')', ' ')} "
        if any(f" {name} " in words or (len(name) > 4 and name in words) for name in ROLES[role]):
            return part
    return ""
