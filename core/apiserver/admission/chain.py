"""Asking the plugins: first all that mutate, later, when the object is complete and valid, all that validate."""

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from core.apiserver.admission.base import Attempt, Plugin
from core.apiserver.admission.registry import PLUGINS
from core.kube.errors import ApiError

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

MUTATING, VALIDATING = "mutating admission", "validating admission"
NO_OBJECTION = "admitted"


class Asked(NamedTuple):
    mutating: tuple[Plugin, ...]
    validating: tuple[Plugin, ...]


def mutate(attempt: Attempt, batch: "Batch") -> None:
    """Let the plugins complete the object. Raises what a plugin refuses with."""
    for plugin in _asked(attempt, batch).mutating:
        try:
            said = plugin.mutate(attempt, batch)
        except ApiError as error:
            batch.trace.note(MUTATING, f"refused: {error.message}", plugin.name)
            raise
        batch.trace.note(MUTATING, said or NO_OBJECTION, plugin.name)


def validate(attempt: Attempt, batch: "Batch") -> None:
    """Let the plugins object. Raises what a plugin refuses with."""
    for plugin in _asked(attempt, batch).validating:
        try:
            said = plugin.validate(attempt, batch)
        except ApiError as error:
            batch.trace.note(VALIDATING, f"refused: {error.message}", plugin.name)
            raise
        batch.trace.note(VALIDATING, said or NO_OBJECTION, plugin.name)


def _asked(attempt: Attempt, batch: "Batch") -> Asked:
    switched: dict[str, bool] = batch.section.cluster.admission
    return _chain(tuple(sorted(switched.items())), attempt.row.name, attempt.subresource, attempt.verb)


@lru_cache(maxsize=4096)
def _chain(switched: tuple[tuple[str, bool], ...], resource: str, subresource: str, verb: str) -> Asked:
    """The plugins that are on and handle such a write."""
    choice = dict(switched)
    plugins = [
        plugin()
        for plugin in PLUGINS
        if choice.get(plugin.name, plugin.on_by_default) and plugin.handles(resource, subresource, verb)
    ]
    return Asked(
        tuple(plugin for plugin in plugins if type(plugin).mutate is not Plugin.mutate),
        tuple(plugin for plugin in plugins if type(plugin).validate is not Plugin.validate),
    )
