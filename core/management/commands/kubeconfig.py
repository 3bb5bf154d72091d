"""`manage.py kubeconfig NAME [--path | --user admin] [--output FILE]`: let a client into a cluster."""

import os
import shlex
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from core.apiserver.http.certificates import authority_pem
from core.apiserver.kubeconfig import kubeconfig
from core.engine import kubeconfigs
from core.engine.addresses import api_url
from core.engine.clock import WallClock
from core.management.commands._command import ClusterCommand, named
from core.models import Cluster


class Command(ClusterCommand):
    help = "Print or write the kubeconfig with which kubectl reaches a cluster."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--path", action="store_true", help="print where the cluster's own kubeconfig is")
        parser.add_argument("--user", default="admin", help="user to be (default admin, who may do everything)")
        parser.add_argument("--group", action="append", default=[], help="group to be in; may be given several times")
        parser.add_argument("--output", help="file to write, readable by you only (default: print it)")

    def handle(self, *args: Any, **options: Any) -> None:
        cluster = named(options["name"])
        if options["path"]:
            self.stdout.write(str(own_file(cluster)))
            return
        authority = authority_pem(settings.DATA_DIR)
        text = kubeconfig(cluster, options["user"], options["group"], api_url(), authority, WallClock().wall())
        if not options["output"]:
            self.stdout.write(text, ending="")
            return
        path = Path(options["output"])
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
            path.chmod(0o600)
        except OSError as error:
            raise CommandError(f"cannot write {path}: {error.strerror}") from None
        self.stdout.write(f"wrote {path}; try: kubectl --kubeconfig {shlex.quote(str(path))} get pods")


def own_file(cluster: Cluster) -> Path:
    try:
        return kubeconfigs.keep(cluster)
    except OSError as error:
        raise CommandError(f"cannot write {error.filename}: {error.strerror}") from None
