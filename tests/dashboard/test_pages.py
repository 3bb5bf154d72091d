"""Home, stage, snapshot and text twin."""

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import server_error

from core.dashboard.gallery import STARTS
from core.faults import act
from core.models import Cluster, ClusterObject
from tests.dashboard.demo import working_world
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_home_without_clusters_invites_to_make_one(client: Client) -> None:
    assert "There is no cluster yet" in client.get("/").content.decode()


def test_home_shows_each_cluster_as_a_card_with_its_pods(client: Client) -> None:
    working_world("lab")
    page = client.get("/").content.decode()
    assert "4 of 4 pods running" in page
    assert page.count('class="d ok"') == 4


def test_new_cluster_opens_its_stage(client: Client) -> None:
    answer = client.post("/", {"name": "lab", "members": "5", "workers": "1", "profile": "instant", "seed": "1"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/clusters/lab/?start=blank")
    assert Cluster.objects.get(name="lab").members.count() == 5


def test_form_proposes_a_name_that_is_free(client: Client) -> None:
    assert 'name="name" value="lab"' in client.get("/").content.decode()
    World("lab")
    assert 'name="name" value="lab-2"' in client.get("/").content.decode()


@pytest.mark.parametrize("start", STARTS)
def test_start_opens_a_cluster_with_something_in_it_and_to_try(client: Client, start: str) -> None:
    answer = client.post("/", {"start": start})
    assert answer.headers["Location"] == f"/clusters/{start}/?start={start}"
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Try this" in page
    assert "NAME" not in page
    assert ClusterObject.objects.filter(cluster__name=start, resource="deployments.apps").exists()
    assert client.post("/", {"start": start}).headers["Location"].startswith(f"/clusters/{start}-2/")


def test_unknown_start_says_which_there_are(client: Client) -> None:
    answer = client.post("/", {"start": "nope"})
    assert answer.status_code == 400
    assert "there are: guestbook" in answer.content.decode()


def test_stage_of_an_old_link_has_no_suggestions(client: Client) -> None:
    World("lab")
    assert "Try this" not in client.get("/clusters/lab/?start=nope").content.decode()


def test_wish_that_cannot_be_is_answered_on_the_form(client: Client) -> None:
    answer = client.post("/", {"name": "lab", "members": "9", "workers": "1", "profile": "instant", "seed": "1"})
    assert answer.status_code == 400
    assert "1 to 7 members" in answer.content.decode()


BAD_NAMES = ["a b/c", "", "Lab", "lab_1", "-lab", "lab-", "a.b", "..", "l" * 64, "läb", "lab\n", "%"]


@pytest.mark.parametrize("name", [pytest.param(name, id=repr(name[:8])) for name in BAD_NAMES])
class TestBadName:
    """One rule for the form, the API and the command line; and rows that are older than the rule."""

    def test_is_refused_with_the_same_sentence_everywhere(self, client: Client, name: str) -> None:
        wish = {"name": name, "members": "1", "workers": "0", "profile": "instant", "seed": "0"}
        with pytest.raises(CommandError) as refused:
            call_command("cluster", "create", "--members", "1", "--workers", "0", "--", name)
        said = str(refused.value)
        assert said.startswith("a cluster's name has lower-case letters, digits and dashes only")
        made = client.post("/api/clusters", orjson.dumps(wish), content_type="application/json")
        assert (made.status_code, made.json()["error"]) == (400, said)
        form = client.post("/", wish)
        assert form.status_code == 400
        assert "a cluster&#x27;s name has lower-case letters" in form.content.decode()
        assert not Cluster.objects.exists()

    def test_of_an_old_row_breaks_no_page(self, client: Client, name: str) -> None:
        World("demo", members=1, workers=0)
        Cluster.objects.create(name=name, clock_base=0, clock_anchor=0)
        home = client.get("/")
        assert home.status_code == 200
        for path in ("/clusters/demo/", "/clusters/demo/text/", "/api/clusters", "/api/clusters/demo/status"):
            assert client.get(path).status_code == 200
        row = next(row for row in client.get("/api/clusters").json()["clusters"] if row["name"] == name)
        assert client.get(row["links"]["stage"]).status_code == 200
        assert client.get(row["links"]["status"]).json()["name"] == name
        client.post(reverse("delete", args=[name]))
        assert list(Cluster.objects.values_list("name", flat=True)) == ["demo"]


@pytest.mark.parametrize("seed", [2**63, str(-(2**63) - 1), "1e999"])
def test_seed_out_of_bounds_is_a_sentence(client: Client, seed: object) -> None:
    wish = {"name": "lab", "members": 1, "workers": 0, "profile": "instant", "seed": seed}
    made = client.post("/api/clusters", orjson.dumps(wish), content_type="application/json")
    assert made.status_code == 400
    assert "seed" in made.json()["error"]


def test_longest_name_is_taken(client: Client) -> None:
    wish = {"name": "l" * 63, "members": 1, "workers": 0, "profile": "instant"}
    made = client.post("/api/clusters", orjson.dumps(wish), content_type="application/json")
    assert made.status_code == 201


def test_deleted_cluster_is_gone(client: Client) -> None:
    World("lab")
    assert client.post("/clusters/lab/delete").status_code == 302
    assert not Cluster.objects.exists()


def test_command_from_another_site_is_refused() -> None:
    World("lab")
    assert Client(enforce_csrf_checks=True).post("/clusters/lab/delete").status_code == 403


def test_refused_form_says_what_to_do(client: Client) -> None:
    page = Client(enforce_csrf_checks=True).post("/", {"name": "lab"})
    assert page.status_code == 403
    assert "Nothing was done" in page.content.decode()
    assert "Content-Security-Policy" in page.headers


def test_page_that_is_not_there_is_named(client: Client) -> None:
    page = client.get("/nope/<script>")
    assert page.status_code == 404
    assert "There is no page at /nope/%3Cscript%3E." in page.content.decode()


def test_broken_page_is_designed_too(rf: RequestFactory) -> None:
    page = server_error(rf.get("/"))
    assert page.status_code == 500
    assert "The clusters go on without it" in page.content.decode()


def test_stage_allows_nothing_inline_and_marks_the_cluster_as_watched(client: Client) -> None:
    World("lab")
    answer = client.get("/clusters/lab/")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script>" not in answer.content.decode()
    assert Cluster.objects.get(name="lab").watched_until > 0


@pytest.mark.parametrize(
    "path", ["/clusters/nope/", "/clusters/nope/text/", "/clusters/nope/snapshot.json", "/clusters/nope/inspect/node/a"]
)
def test_unknown_cluster_names_those_there_are(client: Client, path: str) -> None:
    World("lab")
    answer = client.get(path)
    assert answer.status_code == 404
    assert "there are: lab" in answer.content.decode()


def test_snapshot_has_the_picture_in_columns(client: Client) -> None:
    working_world("lab")
    picture = client.get("/clusters/lab/snapshot.json").json()
    assert len(picture["objects"]["pods"]["key"]) == 4
    assert set(picture["objects"]["pods"]["tone"]) == {"ok"}
    assert picture["at"][0] == Cluster.objects.get(name="lab").revision
    assert len(picture["status"]["etcd"]["members"]) == 3


def test_text_twin_says_what_the_picture_shows(client: Client) -> None:
    working_world("lab")
    page = client.get("/clusters/lab/text/").content.decode()
    assert "3 of 3 alive: one may fail" in page
    assert page.count('class="tone-ok">Running') == 4
    assert "the scheduler bound default/web-" in page


def test_text_twin_tells_times_that_do_not_change_while_they_are_read(client: Client) -> None:
    world = working_world("lab")
    log = client.get("/clusters/lab/text/").content.decode().split("log-title")[-1]
    world.run(30)
    assert "<time>00:00:00</time>" in log
    assert " ago" not in log


def test_text_twin_names_cut_wires_and_joins_them(client: Client) -> None:
    world = working_world("lab")
    act(world.cluster, "partition", "node/worker-1", "apiserver", now=lambda cluster: world.now)
    page = client.get("/clusters/lab/text/").content.decode()
    assert "node/worker-1 – apiserver" in page
    assert 'data-verb="heal" data-target="node/worker-1" data-peer="apiserver"' in page


def test_text_twin_renews_only_its_tables(client: Client) -> None:
    World("lab")
    page = client.get("/clusters/lab/text/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "<table" in page
