"""`manage.py status NAME [--json]`: what runs and what does not."""

from argparse import ArgumentParser
from typing import Any

import orjson

from core.engine.status import as_text, cluster_status
from core.management.commands._command import ClusterCommand, named


class Command(ClusterCommand):
    help = "Show a cluster's clock, etcd members, components and nodes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        status = cluster_status(named(options["name"]))
        self.stdout.write(orjson.dumps(status).decode() if options["json"] else as_text(status))
