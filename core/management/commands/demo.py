"""`manage.py demo`: the cluster `demo` with a Deployment and a Service, when there is no cluster; then where to begin."""

import shlex
import socket
import time
from typing import Any

from django.conf import settings

from core.engine.addresses import web_url
from core.engine.demo import make_demo
from core.engine.kubeconfigs import export_line
from core.engine.wakeups import line
from core.management.commands._command import ClusterCommand
from core.models import Cluster

OPEN_SECONDS = 60.0  # how long the web process may take to open its door


class Command(ClusterCommand):
    help = "Make the cluster `demo` when there is no cluster, and say where to begin."

    def handle(self, *args: Any, **options: Any) -> None:
        line()
        if not Cluster.objects.exists():
            make_demo()
            self.stdout.write("made the cluster `demo`: 3 etcd members, 3 workers, a Deployment and a Service")
        first = Cluster.objects.order_by("pk").values_list("name", flat=True).first()
        wait_for_the_door()
        if first:
            manage = shlex.quote(str(settings.BASE_DIR / "manage.py"))
            self.stdout.write(f"open:    {web_url()}/clusters/{first}/")
            self.stdout.write(f"kubectl: {export_line(first)}")
            self.stdout.write(f"break:   {manage} fault {first} kill etcd-0")
        self.stdout.flush()


def wait_for_the_door() -> None:
    """An address that is told before anybody answers there looks broken."""
    deadline = time.monotonic() + OPEN_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection((settings.HOST, settings.WEB_PORT), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
