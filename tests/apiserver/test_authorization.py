"""RBAC: what the default roles allow, how a refusal reads, and that nobody grants more than he has."""

import pytest

from core.apiserver.authorization import Attributes, Rule, compiled, forbidden
from core.apiserver.bootstrap import CONTROLLERS
from core.kube.requests import User, service_account
from tests.apiserver.conftest import ALICE
from tests.apiserver.objects import config_map, pod

RBAC = "rbac.authorization.k8s.io"


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        pytest.param(
            Attributes("get", resource="nodes", name="node-0"),
            'nodes "node-0" is forbidden: User "alice" cannot get resource "nodes" in API group "" at the cluster scope',
            id="named",
        ),
        pytest.param(
            Attributes("create", resource="pods", namespace="ref"),
            'pods is forbidden: User "alice" cannot create resource "pods" in API group "" in the namespace "ref"',
            id="in a namespace",
        ),
        pytest.param(
            Attributes("update", "apps", "deployments", "scale", "ref", "web"),
            'deployments.apps "web" is forbidden: User "alice" cannot update resource "deployments/scale" in API group'
            ' "apps" in the namespace "ref"',
            id="subresource",
        ),
        pytest.param(
            Attributes("get", path="/metrics"), 'forbidden: User "alice" cannot get path "/metrics"', id="path"
        ),
    ],
)
def test_refusal_reads_as_the_real_one(attributes, message):
    assert forbidden(ALICE, attributes).message == message


@pytest.mark.parametrize(
    ("rule", "attributes", "allowed"),
    [
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, ("get", "", "pods", ""), True),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, ("get", "", "pods", "log"), False),
        ({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}, ("get", "apps", "pods", ""), False),
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, ("delete", "x", "pods", "log"), True),
        (
            {"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]},
            ("get", "apps", "deployments", "scale"),
            True,
        ),
        ({"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]}, ("get", "apps", "deployments", ""), False),
        ({"verbs": ["get"], "nonResourceURLs": ["/*"]}, ("get", "", "pods", ""), False),
    ],
)
def test_rule_matches_resources(rule, attributes, allowed):
    (compiled_rule,) = compiled([rule])
    assert isinstance(compiled_rule, Rule)
    assert compiled_rule.allows_resource(*attributes) is allowed


def may(world, user, *attributes, **more):
    return world.host.server.authorizer.decide(user, Attributes(*attributes, **more)).allowed


def test_nobody_may_anything_by_default(world, refused):
    assert refused("list", "pods", "default", user=ALICE).code == 403
    assert may(world, ALICE, "get", path="/version")
    assert not may(world, ALICE, "get", path="/metrics")
    assert may(world, User("system:anonymous", ("system:unauthenticated",)), "get", path="/healthz")


def test_role_binding_ends_at_its_namespace(world, refused, allow):
    allow(ALICE, "view", "default")
    world.create("pods", pod("web"))
    assert world.api("get", "pods", "default", "web", user=ALICE)["metadata"]["name"] == "web"
    assert refused("get", "pods", "kube-system", "web", user=ALICE).code == 403
    assert refused("delete", "pods", "default", "web", user=ALICE).code == 403
    assert refused("list", "secrets", "default", user=ALICE).code == 403


def test_edit_includes_view_and_admin_includes_edit(world, allow):
    allow(ALICE, "admin", "default")
    assert may(world, ALICE, "get", "", "pods", "", "default")
    assert may(world, ALICE, "delete", "apps", "deployments", "", "default")
    assert may(world, ALICE, "create", RBAC, "roles", "", "default")
    assert not may(world, ALICE, "update", "", "resourcequotas", "", "default")


def test_change_of_a_binding_counts_at_once(world, allow):
    assert not may(world, ALICE, "get", "", "pods", "", "default")
    allow(ALICE, "view")
    assert may(world, ALICE, "get", "", "pods", "", "default")
    world.api("delete", f"clusterrolebindings.{RBAC}", "", "alice-view")
    assert not may(world, ALICE, "get", "", "pods", "", "default")


def test_rule_with_names_allows_only_those(world, allow):
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["get"]}
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "mine"}, "rules": [rule]}
    world.create(f"clusterroles.{RBAC}", role)
    allow(ALICE, "mine")
    assert may(world, ALICE, "get", "", "configmaps", "", "default", "mine")
    assert not may(world, ALICE, "get", "", "configmaps", "", "default", "yours")
    assert not may(world, ALICE, "list", "", "configmaps", "", "default")


@pytest.mark.parametrize("name", sorted(CONTROLLERS))
def test_controller_may_report_events_and_nothing_everywhere(world, name):
    user = service_account("kube-system", name)
    assert may(world, user, "create", "", "events", "", "default")
    assert not may(world, user, "create", RBAC, "clusterrolebindings")


@pytest.mark.parametrize(
    ("user", "attributes"),
    [
        (service_account("kube-system", "deployment-controller"), ("create", "apps", "replicasets", "", "default")),
        (service_account("kube-system", "replicaset-controller"), ("create", "", "pods", "", "default")),
        (User("system:kube-scheduler", ("system:authenticated",)), ("create", "", "pods", "binding", "default", "x")),
        (
            User("system:node:a", ("system:nodes", "system:authenticated")),
            ("patch", "", "pods", "status", "default", "x"),
        ),
        (service_account("kube-system", "generic-garbage-collector"), ("delete", "apps", "replicasets", "", "ns", "x")),
    ],
    ids=lambda value: value.name if isinstance(value, User) else "",
)
def test_components_may_do_their_work(world, user, attributes):
    assert may(world, user, *attributes)


def test_node_changes_only_its_own(world, refused):
    node = User("system:node:a", ("system:nodes", "system:authenticated"))
    body = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "b"}}
    assert refused("create", "nodes", body=body, user=node).message == (
        'nodes "b" is forbidden: node "a" is not allowed to modify node "b"'
    )
    world.create("pods", pod("web", nodeName="b"))
    assert refused("delete", "pods", "default", "web", user=node).message == (
        'pods "web" is forbidden: node "a" can only delete pods with spec.nodeName set to itself'
    )


def test_role_cannot_be_given_more_than_its_writer_has(world, refused, allow):
    allow(ALICE, "admin", "default")
    role = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": "esc", "namespace": "default"},
        "rules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}],
    }
    error = refused("create", f"roles.{RBAC}", "default", body=role, user=ALICE)
    assert error.message == (
        'roles.rbac.authorization.k8s.io "esc" is forbidden: user "alice" (groups=["devs" "system:authenticated"]) is'
        ' attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}'
    )
    role["rules"] = [{"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "delete"]}]
    assert world.api("create", f"roles.{RBAC}", "default", body=role, user=ALICE)["metadata"]["uid"]


def test_binding_needs_the_rights_it_gives(world, refused, allow):
    allow(ALICE, "admin", "default")
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "default"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "User", "apiGroup": RBAC, "name": "bob"}],
    }
    assert refused("create", f"rolebindings.{RBAC}", "default", body=binding, user=ALICE).code == 403
    binding["roleRef"]["name"] = "view"
    assert world.api("create", f"rolebindings.{RBAC}", "default", body=binding, user=ALICE)["metadata"]["uid"]


def test_masters_need_no_role(world):
    world.create("configmaps", config_map("a"))
    assert world.get("configmaps", "default", "a")


def test_a_decision_about_a_long_question_is_not_kept(world):
    authorizer = world.host.server.authorizer
    short, long = (User("bob", (name,)) for name in ("group", "g" * 10_000))
    for user in (short, long):
        assert not authorizer.decide(user, Attributes("get", "", "pods")).allowed
    groups = {group for _, known, _ in authorizer._remembered for group in known}
    assert "group" in groups
    assert "g" * 10_000 not in groups
