"""`manage.py fault NAME VERB TARGET [PEER]`: break and heal, out of band."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from core.engine.clock import WallClock
from core.engine.wakeups import line
from core.faults import VERBS, NothingToDo, UnknownTarget, act
from core.management.commands._command import ClusterCommand, named


class Command(ClusterCommand):
    help = "Break something in a cluster, or heal it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the cluster")
        parser.add_argument("verb", choices=VERBS)
        parser.add_argument("target", help="etcd-0, node/worker-1, scheduler, kubelet/worker-1, pod/NAMESPACE/NAME …")
        parser.add_argument("peer", nargs="?", default="", help="the other end, for partition and heal")

    def handle(self, *args: Any, **options: Any) -> None:
        line()
        cluster = named(options["name"])
        try:
            done = act(
                cluster, options["verb"], options["target"], options["peer"], by="command line", now=WallClock().now
            )
        except (UnknownTarget, NothingToDo) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(done.message)
