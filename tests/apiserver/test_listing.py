"""list: selection, pages that stay consistent, resource versions."""

import base64
import json

import pytest

from tests.apiserver.objects import config_map, pod


@pytest.fixture
def team(world):
    """A namespace with five config maps."""
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    for number in range(5):
        labels = {"labels": {"parity": "odd" if number % 2 else "even"}}
        world.create("configmaps", config_map(f"page-{number}", "team", meta=labels))
    return world


def names(answer):
    return [item["metadata"]["name"] for item in answer["items"]]


def listed(world, **options):
    return world.api("list", "configmaps", "team", options=options)


def token(revision, start):
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start}).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def test_list_names_its_revision(team):
    answer = listed(team)
    assert (answer["kind"], answer["apiVersion"]) == ("ConfigMapList", "v1")
    assert answer["metadata"] == {"resourceVersion": str(team.host.server.cache.revision)}
    assert names(answer) == [f"page-{number}" for number in range(5)]


def test_empty_list_has_no_items(team):
    assert team.api("list", "pods", "team")["items"] == []


def test_selectors_select(team):
    assert names(listed(team, labelSelector="parity=odd")) == ["page-1", "page-3"]
    assert names(listed(team, fieldSelector="metadata.name=page-2")) == ["page-2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"labelSelector": "a b c"},
            "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            id="label selector",
        ),
        pytest.param({"fieldSelector": "spec.bogus=x"}, "field label not supported: spec.bogus", id="field selector"),
        pytest.param({"limit": "abc"}, 'strconv.ParseInt: parsing "abc": invalid syntax', id="limit"),
        pytest.param(
            {"resourceVersion": "abc"},
            'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid'
            " syntax",
            id="resourceVersion",
        ),
        pytest.param(
            {"resourceVersion": "5", "continue": token(5, "/a\0")},
            "specifying resource version is not allowed when using continue",
            id="continue with a version",
        ),
    ],
)
def test_bad_options_are_bad_requests(refused, options, message):
    error = refused("list", "pods", "default", options=options)
    assert (error.code, error.message) == (400, message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"resourceVersionMatch": "Exact"},
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            id="without a version",
        ),
        pytest.param(
            {"resourceVersion": "5", "resourceVersionMatch": "Foo"},
            'resourceVersionMatch: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""',
            id="unknown",
        ),
    ],
)
def test_bad_version_match_is_invalid(refused, options, message):
    error = refused("list", "configmaps", "default", options=options)
    assert (error.code, error.message) == (422, f'ListOptions.meta.k8s.io "" is invalid: {message}')


@pytest.mark.parametrize("forged", ["", "%%%", "AAAA", token(0, "/a"), token("x", "/a"), token(-1, 5), "é" * 10])
def test_forged_continue_token_is_a_bad_request(team, refused, forged):
    if not forged:
        assert len(names(listed(team, **{"continue": forged}))) == 5
        return
    assert refused("list", "configmaps", "team", options={"continue": forged}).code == 400


def test_pages_show_one_revision_while_the_cluster_moves_on(team):
    first = listed(team, limit=2)
    assert first["metadata"]["remainingItemCount"] == 3
    team.api("delete", "configmaps", "team", "page-3")
    team.create("configmaps", config_map("page-2b", "team"))
    second = listed(team, limit=2, **{"continue": first["metadata"]["continue"]})
    third = listed(team, limit=2, **{"continue": second["metadata"]["continue"]})
    assert names(first) + names(second) + names(third) == [f"page-{number}" for number in range(5)]
    assert {page["metadata"]["resourceVersion"] for page in (first, second, third)} == {
        first["metadata"]["resourceVersion"]
    }
    assert "continue" not in third["metadata"]


def test_continue_token_has_the_real_form(team):
    first = listed(team, limit=2)
    text = first["metadata"]["continue"]
    assert json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == {
        "v": "meta.k8s.io/v1",
        "rv": int(first["metadata"]["resourceVersion"]),
        "start": "/page-1\0",
    }


def test_token_of_a_forgotten_revision_expires_and_offers_another(team, refused):
    error = refused("list", "configmaps", "team", options={"limit": 2, "continue": token(1, "/page-1\0")})
    assert error.code == 410
    rest = listed(team, limit=9, **{"continue": error.status["metadata"]["continue"]})
    assert names(rest) == ["page-2", "page-3", "page-4"]


def test_exact_revision_is_read_back(team):
    before = listed(team)
    team.api("delete", "configmaps", "team", "page-0")
    version = before["metadata"]["resourceVersion"]
    assert len(listed(team)["items"]) == 4
    assert listed(team, resourceVersion=version, resourceVersionMatch="Exact") == before
    assert names(listed(team, resourceVersion=version, limit=1)) == ["page-0"]
    assert len(listed(team, resourceVersion=version)["items"]) == 4


def test_version_from_the_future_times_out(refused):
    error = refused("list", "configmaps", "default", options={"resourceVersion": "99999999"})
    assert error.code == 504
    assert error.message.startswith("Too large resource version: 99999999, current: ")


def test_read_answers_without_the_lock(team):
    from core.engine.clusters import ADMIN
    from core.kube.requests import Request

    server = team.host.server
    assert names(server.read(Request("list", "configmaps", "team", user=ADMIN)))[0] == "page-0"
    assert server.read(Request("get", "configmaps", "team", "nope", user=ADMIN)).code == 404


def test_pods_are_selected_by_their_node(world):
    world.create("pods", pod("free"))
    world.create("pods", pod("bound", nodeName="node-1"))
    answer = world.api("list", "pods", "default", options={"fieldSelector": "spec.nodeName=node-1"})
    assert names(answer) == ["bound"]


def test_read_needs_a_quorum_unless_it_may_be_old(world):
    from core.engine.clusters import ADMIN
    from core.faults import act
    from core.kube.errors import StoreTimeout
    from core.kube.requests import Request

    world.create("configmaps", config_map("a"))
    for name in ("etcd-1", "etcd-2"):
        act(world.cluster, "kill", name, now=world.clock.now)
    world.run(5)
    read = world.host.server.read
    assert isinstance(read(Request("get", "configmaps", "default", "a", user=ADMIN)), StoreTimeout)
    old = Request("get", "configmaps", "default", "a", options={"resourceVersion": "0"}, user=ADMIN)
    assert read(old)["metadata"]["name"] == "a"
