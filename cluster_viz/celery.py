"""The Celery application. Tasks are wake-ups, never carriers of state: losing or repeating one does no harm.

The settings follow measurements (see docs/decisions/0003-celery.md): a task is acknowledged after it ran and rejected
when its worker is lost, so `kill -9` redelivers it; redelivery is swept every few seconds, not every hundred.
"""

import os

from celery import Celery

import cluster_viz.titles  # noqa: F401  imported before any worker names itself

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cluster_viz.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # Django's checks are CI's affair, not every worker's start


app = Celery("cluster_viz")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_time_limit=30,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"visibility_timeout": 60, "unacked_restore_interval": 5, "unacked_restore_throttle": 1},
    task_create_missing_queues=True,
)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["core.engine"])
