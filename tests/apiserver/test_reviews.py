"""Questions put as objects: can I, who am I, whose token is this."""

from tests.apiserver.conftest import ALICE

AUTHORIZATION, AUTHENTICATION = "authorization.k8s.io", "authentication.k8s.io"
PODS = {"namespace": "ref", "verb": "get", "resource": "pods"}


def test_access_review_of_oneself_says_no(world):
    answer = world.api(
        "create", f"selfsubjectaccessreviews.{AUTHORIZATION}", body={"spec": {"resourceAttributes": PODS}}, user=ALICE
    )
    assert answer["status"] == {"allowed": False}
    assert answer["spec"] == {"resourceAttributes": PODS}


def test_access_review_says_why(world):
    spec = {"user": "system:kube-scheduler", "resourceAttributes": {"verb": "list", "resource": "nodes"}}
    answer = world.api("create", f"subjectaccessreviews.{AUTHORIZATION}", body={"spec": spec})
    assert answer["status"] == {
        "allowed": True,
        "reason": 'RBAC: allowed by ClusterRoleBinding "system:kube-scheduler" of ClusterRole "system:kube-scheduler" to'
        ' User "system:kube-scheduler"',
    }


def test_rules_review_lists_what_one_may(world):
    answer = world.api(
        "create", f"selfsubjectrulesreviews.{AUTHORIZATION}", body={"spec": {"namespace": "ref"}}, user=ALICE
    )
    rules = answer["status"]["resourceRules"]
    assert {
        "verbs": ["create"],
        "apiGroups": [AUTHORIZATION],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    } in rules
    assert answer["status"]["incomplete"] is False
    assert any("/version" in rule["nonResourceURLs"] for rule in answer["status"]["nonResourceRules"])


def test_self_review_says_who_one_is(world):
    answer = world.api("create", f"selfsubjectreviews.{AUTHENTICATION}", body={}, user=ALICE)
    assert answer["status"]["userInfo"] == {"username": "alice", "groups": ["devs", "system:authenticated"]}


def test_token_review_knows_its_tokens(world):
    bad = world.api("create", f"tokenreviews.{AUTHENTICATION}", body={"spec": {"token": "abc"}})
    assert bad["status"] == {"user": {}, "error": "invalid bearer token"}
    made = world.api("create", "serviceaccounts", "default", "default", {"spec": {}}, subresource="token")
    good = world.api("create", f"tokenreviews.{AUTHENTICATION}", body={"spec": {"token": made["status"]["token"]}})
    assert good["status"]["authenticated"] is True
    assert good["status"]["user"]["username"] == "system:serviceaccount:default:default"


def test_review_is_answered_and_not_stored(world, refused):
    before = world.host.server.cache.revision
    world.api("create", f"selfsubjectreviews.{AUTHENTICATION}", body={})
    assert world.host.server.cache.revision == before
    assert refused("list", f"selfsubjectreviews.{AUTHENTICATION}").code == 405
