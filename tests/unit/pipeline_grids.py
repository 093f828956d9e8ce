"""Requirements grids that tests share: small cases, systems that were written about, and ten whose reports are read."""

from typing import Any

Expected = dict[str, tuple[int, int]]
"""Stage -> the least and the most that is right for it."""

SMALL: dict[str, dict[str, Any]] = {
    "weekly churn scores for 12,000 customers": {
        "problem_type": "churn classification", "rows": 12_000, "positives": 900, "n_entities": 12_000,
        "prediction_freshness_s": "weekly", "inputs_known_in_advance": True, "ml_fte": 1, "models_in_prod": 1,
        "budget_month": 100, "label_delay": "30 days", "retrain_cadence": "monthly", "platform_fte": 0, "oncall": False,
    },
    "a newsletter with forty known readers": {
        "problem_type": "classification", "rows": 300, "positives": 40, "ml_fte": 1, "inputs_known_in_advance": True,
        "prediction_freshness_s": "weekly", "models_in_prod": 1,
    },
    "questions about a handbook of a hundred pages": {
        "problem": "FAQ chatbot", "problem_type": "generation", "requests_per_day": 200, "latency_p95_ms": 3_000, "ml_fte": 1,
        "llm": {"corpus_tokens": 40_000, "task_kind": "qa", "tokens_out": 300, "provider_allowed": True, "eval_set_size": 50},
        "budget_month": 300,
    },
    "fields of a hundred invoices a day": {
        "problem": "extract fields from invoices", "problem_type": "structured prediction", "requests_per_day": 100,
        "latency_p95_ms": 60_000, "inputs_known_in_advance": False, "ml_fte": 1, "governance": {"pii": True}, "budget_month": 200,
        "llm": {"task_kind": "extraction", "tokens_in": 2_000, "tokens_out": 300},
    },
    "search over 446 notes": {
        "problem_type": "retrieval", "llm": {"n_chunks": 446, "dims": 768}, "latency_p95_ms": 200, "peak_qps": 0.1, "ml_fte": 1,
    },
    "tomorrow's demand of 200 articles": {
        "problem_type": "forecasting", "n_entities": 200, "rows": 73_000, "prediction_freshness_s": "daily", "ml_fte": 1,
        "inputs_known_in_advance": True, "retrain_cadence": "weekly", "label_delay": "1 day", "budget_month": 50,
    },
    "two hundred support tickets a day": {
        "problem": "support ticket triage", "problem_type": "classification", "requests_per_day": 200, "rows": 20_000,
        "inputs_known_in_advance": False, "ml_fte": 1, "latency_p95_ms": 60_000, "label_source": "agents correct the queue",
    },
    "leads of a small vendor": {
        "problem_type": "classification", "rows": 5_000, "positives": 60, "n_entities": 5_000, "prediction_freshness_s": "daily",
        "inputs_known_in_advance": True, "governance": {"pii": True}, "ml_fte": 0.5,
    },
    "twenty machines, once an hour": {
        "problem_type": "anomaly detection", "n_entities": 20, "prediction_freshness_s": "hourly", "label_source": "none",
        "feature_freshness_s": "hourly", "ml_fte": 1, "inputs_known_in_advance": True,
    },
    "a camera on one line": {
        "problem_type": "classification", "modality": "image", "on_device": True, "latency_p95_ms": 100, "rows": 8_000,
        "positives": 400, "ml_fte": 1, "peak_qps": 5,
    },
    "spam in a contact form": {
        "problem_type": "spam classification", "requests_per_day": 50, "latency_p95_ms": 1_000, "inputs_known_in_advance": False,
        "rows": 4_000, "positives": 800, "ml_fte": 1,
    },
    "recommendations of a small shop": {
        "problem_type": "recommendation", "n_entities": 8_000, "requests_per_day": 2_000, "prediction_freshness_s": "daily",
        "inputs_known_in_advance": True, "ml_fte": 1, "label_source": "clicks", "rows": 60_000,
    },
    "questions to a wiki of 20,000 passages": {
        "problem": "ask the wiki", "problem_type": "rag", "requests_per_day": 300, "latency_p95_ms": 5_000, "ml_fte": 1,
        "llm": {"n_chunks": 20_000, "task_kind": "qa", "eval_set_size": 100, "fts_recall": 0.92, "tokens_out": 400},
        "budget_month": 500,
    },
    "price suggestions for sellers": {
        "problem_type": "regression", "peak_qps": 3, "latency_p95_ms": 300, "inputs_known_in_advance": False, "rows": 100_000,
        "ml_fte": 1, "models_in_prod": 1, "availability_slo": 0.99,
    },
}  # fmt: skip
CEILING = {
    "ingestion": 0, "validation": 0, "features": 0, "training": 0, "tracking": 0, "orchestration": 0, "serving": 1, "vectors": 1,
    "platform": 0, "retraining": 1, "rollout": 0, "rollback": 0, "llm": 3, "evaluation": 2, "monitoring": 2, "governance": 1,
}  # fmt: skip
"""What none of the small cases may exceed."""
EXCUSED = {"a camera on one line": {"training": 1}}
"""A network is trained on a rented GPU, however small the line is."""

SYSTEMS: dict[str, tuple[dict[str, Any], Expected]] = {
    "GitHub, good first issues, first version 2020: labels and a heuristic": (
        {"problem_type": "classification", "rows": "500k", "label_source": "none", "heuristic_sufficient": True,
         "n_entities": "1M", "prediction_freshness_s": "daily", "inputs_known_in_advance": True},
        {"need": (0, 0), "inference": (0, 0), "features": (0, 0), "serving": (0, 0), "training": (0, 0)},
    ),
    "GOV.UK, related links 2019: a nightly job on what ran already": (
        {"problem_type": "recommendation of related links", "n_entities": "300k", "requests_per_day": "1M", "budget_month": 1000,
         "prediction_freshness_s": "daily", "inputs_known_in_advance": True, "ml_fte": 2, "existing_stack": ["airflow"]},
        {"inference": (0, 0), "serving": (0, 0), "features": (0, 0), "orchestration": (1, 1), "platform": (0, 0), "need": (1, 1)},
    ),
    "Mozilla bugbug: eighteen models, trained twice a month by CI": (
        {"problem_type": "classification of bugs", "models_in_prod": 18, "ml_fte": 2, "retrain_cadence": "twice a month",
         "requests_per_day": 500, "rows": "1M", "platform_fte": 0, "latency_p95_ms": 60000, "inputs_known_in_advance": False,
         "label_source": "human triage"},
        {"need": (1, 1), "inference": (1, 1), "features": (0, 0), "orchestration": (0, 0), "retraining": (1, 1), "platform": (0, 0)},
    ),
    "ZEOS 2023: weekly quantiles of five million series in one job": (
        {"problem_type": "demand forecasting", "n_entities": "5M", "data_gb": 60, "prediction_freshness_s": "weekly",
         "retrain_cadence": "weekly", "training_hours": 2, "inputs_known_in_advance": True, "ml_fte": 5,
         "existing_stack": ["sagemaker", "databricks"]},
        {"inference": (0, 0), "training": (1, 1), "serving": (0, 0), "evaluation": (2, 2), "features": (0, 0), "vectors": (0, 0)},
    ),
    "Zalando: 200 requests a second on one small instance": (
        {"problem_type": "ranking", "peak_qps": 200, "latency_p95_ms": 80, "inputs_known_in_advance": False, "ml_fte": 4,
         "existing_stack": ["sagemaker"]},
        {"inference": (2, 2), "serving": (2, 2), "platform": (0, 1), "features": (0, 0)},
    ),
    "Instacart 2022: availability by the second": (
        {"problem_type": "classification (item availability)", "n_entities": "500M", "peak_qps": 10_000, "latency_p95_ms": 50,
         "feature_freshness_s": 10, "prediction_freshness_s": 10, "inputs_known_in_advance": False, "oncall": True, "ml_fte": 20,
         "platform_fte": 10, "models_in_prod": 30, "teams_sharing": 10, "shared_online_features": True,
         "availability_slo": 0.999, "existing_stack": ["kubernetes", "kafka", "airflow"]},
        {"inference": (2, 2), "ingestion": (2, 2), "features": (3, 3), "serving": (3, 3), "platform": (2, 2), "orchestration": (1, 1)},
    ),
    "Monzo 2021: a thin sync by a team of three": (
        {"problem_type": "fraud classification", "models_in_prod": 10, "ml_fte": 3, "platform_fte": 1, "teams_sharing": 1,
         "shared_online_features": 20, "feature_freshness_s": "daily", "latency_p95_ms": 100, "peak_qps": 100,
         "inputs_known_in_advance": False, "existing_stack": ["bigquery", "airflow", "kubernetes", "cassandra"]},
        {"inference": (2, 2), "features": (2, 2), "orchestration": (1, 1), "platform": (2, 2), "ingestion": (0, 0), "serving": (1, 2)},
    ),
    "Pixie (Pinterest): computing everyone would cost more": (
        {"problem_type": "recommendation", "n_entities": "200M", "requests_per_day": "20M", "peak_qps": 1200,
         "cpu_ms_per_request": 50, "latency_p95_ms": 60, "inputs_known_in_advance": True, "prediction_freshness_s": "daily",
         "availability_slo": 99.9},
        {"inference": (2, 2), "serving": (3, 3), "evaluation": (3, 3)},
    ),
    "Cloudflare: microseconds, inside the proxy": (
        {"problem_type": "bot detection", "peak_qps": "46M", "latency_p95_ms": 0.1, "inputs_known_in_advance": False,
         "cpu_ms_per_request": 0.05, "availability_slo": 0.9999},
        {"inference": (3, 3), "serving": (1, 1), "platform": (0, 0)},
    ),
    "Duke Sepsis Watch: three hospitals, few requests, the highest duties": (
        {"problem": "sepsis prediction in hospitals", "problem_type": "classification", "n_entities": 1_000,
         "prediction_freshness_s": 300, "feature_freshness_s": 300, "peak_qps": 0.5, "governance": {"phi": True}, "sites": 3,
         "rows": "42k", "positives": 8_000, "ml_fte": 4},
        {"governance": (2, 2), "monitoring": (3, 3), "serving": (1, 1), "platform": (0, 0), "tracking": (2, 2), "features": (0, 0)},
    ),
    "Grubhub 2021: incremental training every day": (
        {"problem_type": "search ranking", "retrain_cadence": "daily", "data_gb": 500, "peak_qps": 500, "latency_p95_ms": 100,
         "inputs_known_in_advance": False, "requests_per_day": "10M"},
        {"retraining": (3, 3), "inference": (2, 2), "evaluation": (3, 3), "training": (2, 2)},
    ),
    "TIL (Willison): related posts among 446": (
        {"problem_type": "retrieval", "problem": "related posts", "llm": {"n_chunks": 446, "dims": 1536}, "ml_fte": 1,
         "inputs_known_in_advance": True, "prediction_freshness_s": "daily"},
        {"vectors": (1, 1), "inference": (0, 0), "serving": (0, 0), "training": (0, 0), "llm": (0, 0)},
    ),
    "Viberary: 800,000 books on one small machine": (
        {"problem_type": "semantic search", "llm": {"n_chunks": 800_000, "dims": 768}, "peak_qps": 1, "latency_p95_ms": 500,
         "ml_fte": 1, "budget_month": 100},
        {"vectors": (2, 2), "inference": (2, 2), "serving": (1, 1), "platform": (0, 0), "training": (0, 0)},
    ),
    "Notion: billions of vectors, fresh within the minute": (
        {"problem_type": "rag", "llm": {"n_chunks": "10B", "dims": 1024, "tenants": "10M", "task_kind": "qa", "change_rate": "30 s"},
         "peak_qps": 1000, "latency_p95_ms": 5000, "oncall": True, "platform_fte": 5, "ml_fte": 10,
         "existing_stack": ["kafka", "spark", "airflow", "kubernetes"]},
        {"vectors": (3, 3), "ingestion": (2, 2), "llm": (4, 4), "platform": (2, 2), "orchestration": (1, 1)},
    ),
    "DoorDash 2020: features of a hundred million entities, many teams": (
        {"problem_type": "ranking", "peak_qps": 20_000, "latency_p95_ms": 50, "inputs_known_in_advance": False,
         "models_in_prod": 40, "shared_online_features": 1000, "teams_sharing": 8, "n_entities": "100M", "ml_fte": 50,
         "platform_fte": 20, "oncall": True, "availability_slo": 0.9995, "existing_stack": ["kubernetes", "snowflake", "redis"]},
        {"features": (3, 3), "serving": (3, 3), "platform": (2, 2), "tracking": (1, 1)},
    ),
    "Spotify, Discover Weekly: a list for everyone, once a week": (
        {"problem_type": "recommendation", "n_entities": "100M", "prediction_freshness_s": "weekly", "data_gb": 50_000,
         "inputs_known_in_advance": True, "ml_fte": 20},
        {"inference": (0, 0), "serving": (0, 0), "training": (2, 2), "vectors": (0, 0), "need": (1, 1)},
    ),
    "Uber, DeepETA: deep only after the trees had reached their ceiling": (
        {"problem_type": "regression (ETA)", "peak_qps": 100_000, "latency_p95_ms": 10, "inputs_known_in_advance": False,
         "gbdt_ceiling_shown": True, "models_in_prod": 100, "teams_sharing": 20, "shared_online_features": 100, "ml_fte": 30,
         "platform_fte": 30, "oncall": True, "availability_slo": 0.9999, "existing_stack": ["kubernetes", "michelangelo"]},
        {"need": (2, 2), "inference": (2, 2), "features": (3, 3), "serving": (3, 4), "platform": (2, 2), "rollback": (2, 2)},
    ),
    "Airbnb, search ranking: a network after trees, judged by experiments": (
        {"problem_type": "search ranking", "peak_qps": 2_000, "latency_p95_ms": 150, "inputs_known_in_advance": False,
         "gbdt_ceiling_shown": True, "requests_per_day": "20M", "ml_fte": 20},
        {"need": (2, 2), "inference": (2, 2), "evaluation": (3, 3), "rollout": (3, 3), "serving": (3, 4)},
    ),
    "Duolingo, Birdbrain: scores of every learner, daily, in a key-value table": (
        {"problem_type": "classification", "n_entities": "30M", "prediction_freshness_s": "daily", "requests_per_day": "500M",
         "latency_p95_ms": 20, "inputs_known_in_advance": True, "peak_qps": 14_000, "existing_stack": ["dynamodb"]},
        {"need": (1, 1), "inference": (0, 0), "serving": (0, 0), "platform": (0, 0)},
    ),
    "Etsy, search by image: a hundred million vectors": (
        {"problem_type": "visual search", "modality": "image", "llm": {"n_chunks": "100M", "dims": 256}, "peak_qps": 500,
         "latency_p95_ms": 150, "existing_stack": ["kubernetes"]},
        {"need": (2, 2), "vectors": (3, 3), "inference": (2, 2), "platform": (2, 2), "llm": (0, 0)},
    ),
    "Keyboard suggestions on the phone": (
        {"problem_type": "next word prediction", "on_device": True, "latency_p95_ms": 20, "governance": {"pii": True}},
        {"inference": (3, 3), "serving": (1, 1), "platform": (0, 0), "features": (0, 0), "governance": (1, 1)},
    ),
    "Code completion on models of one's own": (
        {"problem_type": "code generation", "latency_p95_ms": 400, "peak_qps": 5_000,
         "llm": {"task_kind": "code", "tokens_out": 30, "tokens_in": 2_000, "provider_allowed": False, "params_b": 12}},
        {"llm": (1, 1), "inference": (2, 2), "serving": (4, 4), "training": (0, 0), "vectors": (0, 0)},
    ),
    "A bank's yearly default scores": (
        {"problem_type": "credit default", "n_entities": "2M", "prediction_freshness_s": "monthly", "inputs_known_in_advance": True,
         "label_delay": "12 months", "rows": "3M", "positives": 60_000, "ml_fte": 4,
         "governance": {"pii": True, "ai_act_use": "credit scoring", "sector": "bank"}},
        {"inference": (0, 0), "governance": (2, 2), "tracking": (2, 2), "platform": (0, 0), "serving": (0, 0), "monitoring": (3, 3)},
    ),
}  # fmt: skip

REPORTS: dict[str, dict[str, Any]] = {
    "nothing_told": {},
    "weekly_churn": {"problem": "weekly churn scores", **SMALL["weekly churn scores for 12,000 customers"]},
    "handbook_questions": SMALL["questions about a handbook of a hundred pages"],
    "invoice_fields": SMALL["fields of a hundred invoices a day"],
    "wiki_questions": SMALL["questions to a wiki of 20,000 passages"],
    "checkout_fraud": {
        "problem": "card fraud at checkout", "problem_type": "fraud detection", "business_metric": "money lost and orders refused",
        "peak_qps": 200, "requests_per_day": "4M", "latency_p95_ms": 100, "availability_slo": 99.9, "label_delay": "30 days",
        "label_source": "chargebacks", "positives": 3_000, "rows": "2M", "rollback_rto_s": 30, "ml_fte": 3, "oncall": True,
        "teams_sharing": 2, "shared_online_features": 12, "models_in_prod": 2, "retrain_cadence": "weekly", "decay_per_week": 0.01,
        "governance": {"pii": True, "card": True, "ai_act_use": "fraud detection"}, "existing_stack": ["kubernetes", "redis", "airflow"],
    },
    "sepsis_alarm": {
        "problem": "sepsis alarm on three wards", "problem_type": "classification", "business_metric": "hours to antibiotics",
        "n_entities": 1_000, "prediction_freshness_s": 300, "feature_freshness_s": 300, "peak_qps": 0.5, "sites": 3, "rows": 42_000,
        "positives": 8_000, "ml_fte": 4, "label_source": "clinicians review charts", "label_delay": "3 days",
        "governance": {"phi": True, "ai_act_use": "medical device", "sector": "health"},
    },
    "private_assistant": {
        "problem": "assistant over contracts", "problem_type": "generation", "requests_per_day": 20_000, "peak_qps": 2,
        "latency_p95_ms": 8_000, "ml_fte": 3, "platform_fte": 2, "oncall": True, "budget_month": 6_000,
        "llm": {"n_chunks": 3_000_000, "dims": 1_024, "task_kind": "qa", "provider_allowed": False, "params_b": 8,
                "fts_recall": 0.6, "eval_set_size": 300, "tokens_out": 500, "context_tokens": 8_192},
        "governance": {"pii": True, "residency": "EU"}, "existing_stack": ["postgresql"],
    },
    "grocery_availability": {
        "problem": "is the item on the shelf", "problem_type": "classification", "n_entities": "500M", "requests_per_day": "200M",
        "peak_qps": 10_000, "latency_p95_ms": 50, "feature_freshness_s": 10, "prediction_freshness_s": 10, "oncall": True,
        "inputs_known_in_advance": False, "ml_fte": 20, "platform_fte": 10, "models_in_prod": 30, "teams_sharing": 10,
        "shared_online_features": 200, "availability_slo": 0.999, "label_delay": "1 day", "data_gb": 900,
        "retrain_cadence": "daily", "existing_stack": ["kubernetes", "kafka", "airflow", "snowflake"],
    },
    "credit_decisions": {
        "problem": "credit decisions in a second", "problem_type": "classification", "rows": 60_000, "positives": 1_800,
        "peak_qps": 4, "latency_p95_ms": 800, "inputs_known_in_advance": False, "label_delay": "12 months", "oncall": False,
        "availability_slo": 0.999, "explainability": True, "ml_fte": 2, "retrain_cadence": "monthly", "budget_month": 30,
        "governance": {"pii": True, "automated_decision": True, "ai_act_use": "credit scoring", "sector": "bank"},
    },
}  # fmt: skip
"""Ten grids whose reports are kept as a person approved them."""
