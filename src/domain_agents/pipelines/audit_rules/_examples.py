"""What several rules' examples share, so that each shows only what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.pipelines.audit_rules import files

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMITS: Final = """\
          resources:
            requests: {cpu: 500m, memory: 512Mi}
            limits: {memory: 512Mi}
"""
PROBES: Final = """\
          readinessProbe:
            httpGet: {path: /ready, port: 8000}
          livenessProbe:
            httpGet: {path: /live, port: 8000}
"""


def deployment(*parts: str) -> Mapping[str, str]:
    """A Kubernetes Deployment whose one container has these parts."""
    head = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: scorer
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: api
          image: registry.example/scorer:1.4.2
"""
    return files({"k8s/deployment.yaml": head + "".join(parts)})


def dag(*arguments: str) -> Mapping[str, str]:
    """A daily Airflow DAG with these arguments beside its name and schedule."""
    code = f"""\
from datetime import datetime, timedelta

from airflow import DAG

with DAG("train", schedule="@daily", start_date=datetime(2026, 1, 1), {", ".join(arguments)}) as dag:
    pass
"""
    return files({"dags/train.py": code, "requirements.txt": "apache-airflow==3.2.1\n"})
