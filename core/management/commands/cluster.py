"""`manage.py cluster create|list|delete|speed|pause|resume|step`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from core.engine import clusters, control
from core.engine.addresses import web_url
from core.engine.kubeconfigs import export_line
from core.engine.wakeups import line
from core.management.commands._command import ClusterCommand, named
from core.models import Cluster


class Command(ClusterCommand):
    help = "Make, list and delete clusters; set their clocks."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        create = verbs.add_parser("create", help="make a cluster")
        create.add_argument("name")
        create.add_argument("--members", type=int, default=3, help="etcd members, 1 to 7")
        create.add_argument("--workers", type=int, default=3)
        create.add_argument("--profile", choices=Cluster.Profile.values, default=Cluster.Profile.CLASSROOM.value)
        create.add_argument("--seed", type=int, default=0)
        verbs.add_parser("list", help="name the clusters there are")
        for verb, text in (
            ("delete", "delete a cluster and everything in it"),
            ("pause", "freeze its virtual time"),
            ("resume", "let its virtual time run"),
            ("step", "run the next thing in a paused cluster"),
        ):
            verbs.add_parser(verb, help=text).add_argument("name")
        speed = verbs.add_parser("speed", help="set virtual seconds per second")
        speed.add_argument("name")
        speed.add_argument("factor", type=float)

    def handle(self, *args: Any, **options: Any) -> None:
        line()
        try:
            self.stdout.write(getattr(self, options["verb"])(options))
        except (clusters.BadCluster, ValueError) as error:
            raise CommandError(str(error)) from None

    def create(self, options: dict[str, Any]) -> str:
        cluster = clusters.create(
            options["name"],
            members=options["members"],
            workers=options["workers"],
            profile=options["profile"],
            seed=options["seed"],
        )
        size = f"{options['members']} etcd members, {options['workers']} workers"
        line = export_line(cluster.name)
        return f"cluster {cluster.name} created: {size}\nopen:    {web_url()}/clusters/{cluster.name}/\nkubectl: {line}"

    def list(self, options: dict[str, Any]) -> str:
        rows = [f"{row.name}\t{row.profile}\trevision {row.revision}" for row in Cluster.objects.order_by("name")]
        return "\n".join(rows) or "there are no clusters"

    def delete(self, options: dict[str, Any]) -> str:
        clusters.delete(named(options["name"]))
        return f"cluster {options['name']} deleted"

    def pause(self, options: dict[str, Any]) -> str:
        control.pause(named(options["name"]))
        return f"cluster {options['name']} paused"

    def resume(self, options: dict[str, Any]) -> str:
        control.resume(named(options["name"]))
        return f"cluster {options['name']} runs"

    def step(self, options: dict[str, Any]) -> str:
        return control.step(named(options["name"]))

    def speed(self, options: dict[str, Any]) -> str:
        control.set_speed(named(options["name"]), options["factor"])
        return f"cluster {options['name']} runs at {options['factor']:g} virtual seconds a second"
