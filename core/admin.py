"""Django's admin: the thirteen tables as they are, for whoever wants to see that there is nothing behind them.

Nothing can be written here. Every row is part of a promise that only its own door keeps: a revision once committed never
changes, an object is what its revisions say, a member's log is what Raft let it hold, a component's state is followed by
counting the cluster's topology. Objects are written with kubectl, clusters and faults with the dashboard, `manage.py` or
`/api/`. Each list says whose door that is.

The tables grow to millions of rows, so no page asks a question whose cost grows with them: what is listed comes newest first
by the primary key, rows are counted up to a bound, searches look at the newest rows only, and filters offer what the code
knows, not what the table has.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import Max, Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html

from core.kube.times import timestamp
from core.models import (
    ApiToken,
    Cluster,
    ClusterObject,
    Component,
    Container,
    EtcdMember,
    Fault,
    Image,
    JournalEntry,
    KernelTable,
    Revision,
    RoleState,
    Sandbox,
)

COUNTED = 10_000  # rows counted for the pages below a list; more are not paged through
SEARCHED = 100_000  # rows a search looks at, newest first
PER_PAGE = 50
JSON = ("value", "data", "memory", "runs", "groups", "admission")  # fields shown indented, and in no list
SECRET = ("signing_key",)  # fields shown to nobody: who has it can sign in as any service account

admin.site.site_header = admin.site.site_title = "cluster-viz"
admin.site.index_title = "The tables, to look at"


def newest(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """As much of it as a search or a filter looks at."""
    last = queryset.model._default_manager.aggregate(last=Max("pk"))["last"] or 0
    return queryset.filter(pk__gt=last - SEARCHED)


class NewestFirst(ChangeList):
    """A list in the order of the primary key, whatever the address asks for: any other order reads the whole table."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return ["-pk"]


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of the first rows: a count of all would read the whole table."""

    @cached_property
    def count(self) -> int:
        found: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return found[:COUNTED].count()


class Choice(admin.SimpleListFilter):
    """A filter over values the code knows. They are asked for late: this module is imported by every process."""

    def known(self) -> Iterable[str]:
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.known()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return newest(queryset).filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class ByKind(Choice):
    title = parameter_name = "kind"

    def known(self) -> Iterable[str]:
        from core.journal import KINDS

        return KINDS


class ByResource(Choice):
    title = parameter_name = "resource"

    def known(self) -> Iterable[str]:
        from core.kube.resources import TABLE

        return sorted({row.name for row in TABLE})


class ByRole(Choice):
    title = parameter_name = "role"

    def known(self) -> Iterable[str]:
        from core.engine.roles import ROLES

        return ROLES


class ByComponent(Choice):
    title = parameter_name = "kind"

    def known(self) -> Iterable[str]:
        from core.engine.roles import LOOPS

        return ("apiserver", *LOOPS, "node", "runtime")


def as_time(seconds: float | None) -> str:
    """Seconds since the Unix epoch as people read them; whatever else is there, as it is."""
    if seconds is None:
        return "never"
    try:
        return timestamp(seconds)
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} s"


def moment(name: str, about: str) -> Callable[[Model], str]:
    """A column of the time in the field `name`."""

    @admin.display(description=about)
    def column(row: Model) -> str:
        return as_time(getattr(row, name))

    return column


def indented(name: str) -> Callable[[Model], str]:
    """The JSON in the field `name`, to be read."""

    @admin.display(description=name.replace("_", " "))
    def field(row: Model) -> str:
        value = getattr(row, name)
        if value is None:
            return "nothing: a tombstone, or an entry without a change"
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return str(value)
        return format_html("<pre>{}</pre>", json.dumps(found, indent=2, ensure_ascii=False))

    return field


INDENTED = {name: indented(name) for name in JSON}


class LookOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """A table to look at. `door` says by what its rows are written."""

    door = ""
    list_per_page = PER_PAGE
    list_select_related = ("cluster",)
    show_full_result_count = False
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    actions = None

    def get_changelist(self, request: HttpRequest, **more: Any) -> type[ChangeList]:
        return NewestFirst

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        names = [field.name for field in self.model._meta.concrete_fields if field.name not in ("id", *SECRET)]
        return [INDENTED.get(name, name) for name in names]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self.get_fields(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        names = {field.name for field in self.model._meta.concrete_fields}
        return super().get_queryset(request).defer(*names.intersection(JSON))  # read when a row is opened, not in lists

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(
            request, {**(extra_context or {}), "title": f"To look at; written by {self.door}"}
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        queryset = newest(queryset) if search_term else queryset
        return super().get_search_results(request, queryset, search_term)


@admin.register(Cluster)
class Clusters(LookOnly):
    door = "the home page, `manage.py cluster`, /api/clusters"
    list_select_related = ("owner",)
    list_display = ("name", "profile", "revision", "speed", "paused", "created_at")
    list_filter = ("profile", "paused")
    search_fields = ("name",)


@admin.register(ClusterObject)
class ClusterObjects(LookOnly):
    door = "the API server: kubectl"
    list_display = ("key", "cluster", "resource", "namespace", "name", "revision", "version")
    list_filter = ("cluster", ByResource)
    search_fields = ("namespace", "name", "uid")


@admin.register(Revision)
class Revisions(LookOnly):
    door = "etcd, once, and never again"
    list_display = ("index", "cluster", "term", "revision", "key", "version", "actor", moment("time", "when"))
    list_filter = ("cluster", ByResource)
    search_fields = ("key", "actor")


@admin.register(EtcdMember)
class EtcdMembers(LookOnly):
    door = "Raft"
    list_display = ("name", "cluster", "state", "term", "vote", "commit", "applied", "blank")
    list_filter = ("cluster", "state")
    search_fields = ("name",)


@admin.register(Component)
class Components(LookOnly):
    door = "faults: a click, `manage.py fault`, /api/"
    list_display = ("target", "cluster", "kind", "node", "state", "starts", moment("since", "since"))
    list_filter = ("cluster", "state", ByComponent)
    search_fields = ("target",)


@admin.register(Fault)
class Faults(LookOnly):
    door = "faults: a click, `manage.py fault`, /api/"
    list_display = ("kind", "cluster", "target", "peer", moment("since", "since"), moment("healed", "healed"))
    list_filter = ("cluster",)
    search_fields = ("kind", "target", "peer")


@admin.register(JournalEntry)
class JournalEntries(LookOnly):
    door = "whatever happens in a cluster"
    list_display = ("seq", "cluster", "kind", "actor", "revision", moment("time", "when"))
    list_filter = ("cluster", ByKind)
    search_fields = ("kind", "actor")


@admin.register(RoleState)
class RoleStates(LookOnly):
    door = "the Celery worker that drives the role"
    list_display = ("role", "cluster", "owner", "epoch", "seen_revision", moment("driven_at", "driven"))
    list_filter = ("cluster", ByRole)
    search_fields = ("owner",)


@admin.register(ApiToken)
class ApiTokens(LookOnly):
    door = "`manage.py kubeconfig`; only its hash is kept"
    list_display = ("username", "cluster", moment("expires", "expires"))
    list_filter = ("cluster",)
    search_fields = ("username",)


@admin.register(Sandbox)
class Sandboxes(LookOnly):
    door = "the container runtime of its node"
    list_display = ("sandbox_id", "cluster", "node", "pod_uid")
    list_filter = ("cluster",)
    search_fields = ("node", "sandbox_id", "pod_uid")


@admin.register(Container)
class Containers(LookOnly):
    door = "the container runtime of its node"
    list_display = ("name", "cluster", "node", "container_id", "sandbox_id")
    list_filter = ("cluster",)
    search_fields = ("name", "node", "container_id", "sandbox_id")


@admin.register(Image)
class Images(LookOnly):
    door = "the container runtime of its node"
    list_display = ("reference", "cluster", "node")
    list_filter = ("cluster",)
    search_fields = ("reference", "node")


@admin.register(KernelTable)
class KernelTables(LookOnly):
    door = "the daemons of its node"
    list_display = ("name", "cluster", "node")
    list_filter = ("cluster",)
    search_fields = ("name", "node")
