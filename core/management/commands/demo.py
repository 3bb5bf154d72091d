"""`manage.py demo`: the cluster `demo` with a Deployment and a Service, when there is no cluster yet."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from core.engine.demo import make_demo
from core.engine.wakeups import line
from core.models import Cluster


class Command(BaseCommand):
    help = "Make the cluster `demo` when there is no cluster."

    def handle(self, *args: Any, **options: Any) -> None:
        line()
        if not Cluster.objects.exists():
            make_demo()
            self.stdout.write("made the cluster `demo`: 3 etcd members, 3 workers, a Deployment and a Service")
        first = Cluster.objects.order_by("pk").values_list("name", flat=True).first() or "demo"
        self.stdout.write(f"click here: http://{settings.HOST}:{settings.WEB_PORT}/clusters/{first}/")
        self.stdout.write(f"kubectl:    python manage.py kubeconfig {first} --output kubeconfig.yaml")
        self.stdout.flush()
