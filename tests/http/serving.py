"""One cluster at work behind the real server, in one process: what the tests with the real kubectl talk to.

`python -m tests.http.serving WEB_PORT API_PORT` with CLUSTER_VIZ_DATA set. A thread drives every role of the cluster in wall
time; everything else is as in the web process of `manage.py up`, but for Redis, which is not needed within one process.
"""

import os
import sys
import threading
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "cluster_viz.settings"
os.environ["CLUSTER_VIZ_PORT"], os.environ["CLUSTER_VIZ_API_PORT"] = sys.argv[1:3]

import django

# ruff: noqa: E402

django.setup()

from django.conf import settings
from django.core.management import call_command

from core.apiserver.http.application import KubernetesApplication
from core.apiserver.http.certificates import server_certificate
from core.engine import clusters
from core.engine.clock import WallClock
from core.engine.drive import Driver
from core.engine.host import Host
from core.engine.roles import ROLES
from core.engine.servers import server_by_name
from core.engine.web import run
from core.models import Cluster


def drive(cluster: Cluster) -> None:
    driver = Driver(Host(cluster.pk, ROLES, WallClock(), "test"))
    while True:
        driver.drive(until=WallClock().now(cluster))
        time.sleep(0.02)


def main() -> None:
    call_command("migrate", verbosity=0)
    cluster = clusters.create("demo", members=3, workers=2, profile="instant", seed=1)
    threading.Thread(target=drive, args=(cluster,), daemon=True).start()
    certificate = server_certificate(settings.DATA_DIR, "127.0.0.1")
    run(
        KubernetesApplication(server_by_name, WallClock().wall),
        "127.0.0.1",
        settings.WEB_PORT,
        settings.API_PORT,
        certificate,
    )


if __name__ == "__main__":
    main()
