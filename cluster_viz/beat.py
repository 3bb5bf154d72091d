"""Celery's beat, in a process that loads no Django: it only puts the sweep on the queue every few seconds.

`python -m cluster_viz.beat`. Half the memory of a beat that imports the tasks it names.
"""

import os

from celery import Celery

from cluster_viz import settings, titles

SWEEP = "core.engine.tasks.sweep"
SWEEP_EVERY = 3.0  # wall seconds

os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # its presence makes Celery load Django
app = Celery("cluster_viz", broker=settings.CELERY_BROKER_URL)
app.conf.update(
    broker_connection_retry_on_startup=True,
    beat_schedule={
        "sweep": {
            "task": SWEEP,
            "schedule": SWEEP_EVERY,
            "options": {"queue": "control-plane", "expires": SWEEP_EVERY},
        },
    },
)

if __name__ == "__main__":
    titles.set_title(["manage.py", "up", "--role", "beat"])
    app.Beat(schedule=str(settings.DATA_DIR / "beat"), loglevel="WARNING", quiet=True, pidfile=None).run()
