"""What our commands have in common: `--data`, the cluster a command names, and one sentence where something is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from core.models import Cluster

DATA_HELP = "data folder of the instance that is meant (default: the one that runs)"
UNUSABLE = (
    "the database {where} does not answer ({why}); if it was made by another cluster-viz or is being made just now, "
    "(re)start cluster-viz on it or try again"
)


class ClusterCommand(BaseCommand):
    """A command about the clusters of one instance. cluster_viz.instances takes `--data` before settings are read."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--data", metavar="FOLDER", help=DATA_HELP)
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DatabaseError as error:
            where, why = connection.settings_dict["NAME"], str(error).strip().partition("\n")[0]
            raise CommandError(UNUSABLE.format(where=where, why=why)) from None


def named(name: str) -> Cluster:
    """The cluster called `name`. CommandError that names those there are."""
    try:
        return Cluster.objects.get(name=name)
    except Cluster.DoesNotExist:
        names = ", ".join(Cluster.objects.order_by("name").values_list("name", flat=True)) or "none"
        raise CommandError(f"there is no cluster {name!r}; there are: {names}") from None
