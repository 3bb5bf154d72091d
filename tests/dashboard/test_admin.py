"""The tables in Django's admin: every one opens, whatever is in it, and nothing can be written."""

from io import StringIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.admin import COUNTED, PER_PAGE
from core.apps import CoreConfig
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

pytestmark = pytest.mark.django_db

HUGE = 2**62
HTML = "<script>alert('x')</script>"

ROWS: dict[type[Model], dict[str, Any]] = {
    # model → a row with everything odd that it can hold, besides its cluster
    ApiToken: {"digest": "0" * 64, "username": HTML, "groups": [HTML, ""], "expires": float("inf")},
    ClusterObject: {
        "key": f"/registry/{HTML}",
        "resource": "nothings.example.com",
        "name": HTML,
        "uid": "",
        "revision": HUGE,
        "create_revision": -1,
        "version": 0,
        "value": "{not json",
    },
    Component: {"target": HTML, "kind": "", "state": "unknown", "starts": 0, "since": 1e300},
    Container: {"node": HTML, "container_id": "", "sandbox_id": "", "name": "", "data": {HTML: [None, 1e308]}},
    EtcdMember: {
        "name": HTML,
        "node_id": 0,
        "state": "",
        "term": HUGE,
        "runs": [[1, 1, HUGE]],
        "memory": {"role": HTML},
    },
    Fault: {"kind": HTML, "target": "", "since": -1e18},
    Image: {"node": "", "reference": HTML, "data": []},
    JournalEntry: {"seq": HUGE, "time": 0.0, "revision": 0, "kind": HTML, "data": {"a": {"b": [HTML] * 100}}},
    KernelTable: {"node": "", "name": HTML, "data": "text"},
    Revision: {"term": 0, "index": HUGE, "value": None, "key": "", "time": 1e18},
    RoleState: {"role": HTML, "owner": "no:pid", "due_at": None, "driven_at": 0.0},
    Sandbox: {"node": HTML, "sandbox_id": "", "pod_uid": "", "data": None or {}},
}
MODELS = [Cluster, *ROWS]
SEARCHES = ["", "?q=odd", f"?q={HTML}", "?q=%00", "?p=2", "?p=99999", "?o=1.-2"]
FILTERS = ["?cluster__id__exact=1", "?kind=raft.vote", "?resource=pods", "?role=nodes", "?nonsense=1"]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("teacher"))
    return client


@pytest.fixture
def rows() -> dict[type[Model], Model]:
    cluster = Cluster.objects.create(name="odd", clock_base=0, clock_anchor=0, speed=1e300, signing_key="PRIVATE KEY")
    made: dict[type[Model], Model] = {
        model: model._default_manager.create(cluster=cluster, **values) for model, values in ROWS.items()
    }
    return {Cluster: cluster, **made}


def path(model: type[Model], rest: str = "") -> str:
    return f"/admin/core/{model._meta.model_name}/{rest}"


def test_every_model_is_there() -> None:
    ours = {model for model in admin.site._registry if model._meta.app_label == CoreConfig.name}
    assert ours == set(MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_list_search_and_filters_open(staff: Client, rows: dict[type[Model], Model], model: type[Model]) -> None:
    queries = [
        "",
        "?q=odd",
        f"?q={HTML}",
        "?q=%00",
        "?cluster__id__exact=1",
        "?p=2",
        "?p=99999",
        "?o=1.-2",
        "?kind=raft.vote",
    ]
    for query in [*queries, "?resource=pods", "?role=nodes", "?nonsense=1"]:
        answer = staff.get(path(model, query), follow=True)
        assert answer.status_code == 200, query
        assert HTML not in answer.content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_odd_row_opens(staff: Client, rows: dict[type[Model], Model], model: type[Model]) -> None:
    page = staff.get(path(model, f"{rows[model].pk}/change/"))
    assert page.status_code == 200
    assert HTML not in page.content.decode()
    assert "PRIVATE KEY" not in page.content.decode()
    assert 'name="_save"' not in page.content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_can_be_written(staff: Client, rows: dict[type[Model], Model], model: type[Model]) -> None:
    before, pk = list(model._default_manager.values()), rows[model].pk
    for door in ("add/", f"{pk}/change/", f"{pk}/delete/"):
        assert staff.post(path(model, door), {"post": "yes"}).status_code == 403, door
    action = {"action": "delete_selected", "_selected_action": str(pk), "post": "yes"}
    assert staff.post(path(model), action, follow=True).status_code in (200, 403)
    assert list(model._default_manager.values()) == before


@pytest.mark.parametrize(
    ("query", "bounds"),
    [
        pytest.param("", (f"LIMIT {COUNTED}", f"LIMIT {PER_PAGE}"), id="list"),
        pytest.param("?q=nothing-like-it", ("MAX(", '"core_revision"."id" >'), id="search"),
        pytest.param("?resource=pods", ("MAX(", '"core_revision"."id" >'), id="filter"),
        pytest.param("?o=5.-2&_facets=1", (f"LIMIT {COUNTED}", f"LIMIT {PER_PAGE}"), id="another order"),
    ],
)
def test_what_a_list_asks_does_not_grow_with_its_table(
    staff: Client, rows: dict[type[Model], Model], query: str, bounds: tuple[str, ...]
) -> None:
    Revision.objects.bulk_create(
        Revision(cluster_id=rows[Cluster].pk, term=1, index=number, time=0) for number in range(PER_PAGE + 1)
    )
    with CaptureQueriesContext(connection) as asked:
        staff.get(path(Revision, query))
    ours = [entry["sql"] for entry in asked.captured_queries if 'FROM "core_revision"' in entry["sql"]]
    assert ours
    assert not [sql for sql in ours if '"core_revision"."value"' in sql]
    assert not [sql for sql in ours if not any(bound in sql for bound in bounds)]
    assert not [sql for sql in ours if "ORDER BY" in sql and 'ORDER BY "core_revision"."id" DESC' not in sql]


def test_link_is_for_staff_alone(client: Client) -> None:
    assert "/admin/" not in client.get("/").content.decode()
    client.force_login(User.objects.create_user("student"))
    assert "/admin/" not in client.get("/").content.decode()
    client.force_login(User.objects.create_superuser("teacher"))
    assert 'href="/admin/"' in client.get("/").content.decode()


def test_somebody_who_is_not_staff_sees_no_table(client: Client) -> None:
    client.force_login(User.objects.create_user("student"))
    assert client.get(path(Cluster)).headers["Location"].startswith("/admin/login/")


def test_createsuperuser_makes_somebody_who_sees_the_tables(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long pass phrase")
    call_command("createsuperuser", "--noinput", username="teacher", email="t@example.com", stdout=StringIO())
    form = {"username": "teacher", "password": "a long pass phrase", "next": path(Cluster)}
    answer = client.post("/admin/login/", form, follow=True)
    assert answer.redirect_chain == [(path(Cluster), 302)]
