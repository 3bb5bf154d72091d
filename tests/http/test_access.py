"""Who gets in: tokens, anonymous, impersonation; and which cluster is meant."""

import stat
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from django.core.management import CommandError, call_command

from core.apiserver.http.application import KubernetesApplication
from core.apiserver.http.certificates import authority_pem, server_certificate
from core.apiserver.kubeconfig import LIFETIME, issue_token, kubeconfig, new_token
from core.engine import clusters
from core.models import ApiToken, Cluster
from tests.http.client import Client
from tests.http.conftest import WALL

PODS = "/api/v1/namespaces/default/pods"


def test_bad_token_is_unauthorized_and_not_anonymous(application: KubernetesApplication) -> None:
    reply = Client(application, "/clusters/test", "nonsense").get(PODS)
    assert reply.code == 401
    assert reply.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


def test_expired_token_is_unauthorized(application: KubernetesApplication, cluster: Cluster) -> None:
    token = issue_token(cluster, "kubernetes-admin", ["system:masters"], WALL - LIFETIME - 1)
    assert Client(application, "/clusters/test", token).get(PODS).code == 401


def test_cookies_are_ignored(anonymous: Client) -> None:
    assert anonymous.get(PODS, cookie="sessionid=whatever").code == 403


def test_anonymous_is_forbidden_by_name(anonymous: Client) -> None:
    reply = anonymous.get(PODS)
    assert (reply.code, reply.json["reason"]) == (403, "Forbidden")
    assert reply.json["message"] == (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    assert reply.json["details"] == {"kind": "pods"}
    assert reply.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("path", ["/version", "/healthz", "/livez", "/readyz"])
def test_anonymous_may_ask_for_health_and_version(anonymous: Client, path: str) -> None:
    assert anonymous.get(path).code == 200


def test_forbidden_path_is_said_in_the_real_words(alice: Client) -> None:
    reply = alice.get("/metrics")
    assert reply.code == 403
    assert reply.json["message"] == 'forbidden: User "alice" cannot get path "/metrics"'
    assert reply.json["details"] == {}


def test_watch_needs_a_permission_of_its_own(alice: Client) -> None:
    reply = alice.get(f"{PODS}?watch=1")
    assert reply.code == 403
    assert 'cannot watch resource "pods"' in reply.json["message"]


def test_unknown_resources_are_forbidden_before_they_are_not_found(alice: Client) -> None:
    assert alice.get("/apis/nope.example.com/v1/things").code == 403


def test_admin_may_act_as_somebody_else(api: Client) -> None:
    reply = api.get(PODS, impersonate_user="bob")
    assert reply.code == 403
    assert 'User "bob" cannot list resource "pods"' in reply.json["message"]


def test_others_may_not_impersonate(alice: Client) -> None:
    assert alice.get(PODS, impersonate_user="kubernetes-admin").code == 403


def test_unknown_cluster_names_those_there_are(application: KubernetesApplication, cluster: Cluster) -> None:
    reply = Client(application).get(f"/clusters/nope{PODS}")
    assert (reply.code, reply.json["reason"]) == (404, "NotFound")
    assert reply.json["message"] == 'there is no cluster "nope"; there are: test'


def test_root_says_where_clusters_are(application: KubernetesApplication, cluster: Cluster) -> None:
    reply = Client(application).get("/")
    assert reply.code == 404
    assert "/clusters/NAME" in reply.json["message"]


def test_deleted_cluster_is_gone_at_once(api: Client, cluster: Cluster) -> None:
    assert api.get(PODS).code == 200
    clusters.delete(cluster)
    assert api.get(PODS).code == 404


def test_path_without_a_cluster_is_one_of_the_tokens_cluster(application: KubernetesApplication, api: Client) -> None:
    """`kubectl get --raw /readyz` sends no more than that, though the server's URL has a path."""
    bare = Client(application, "", api.token)
    assert bare.get("/readyz").body == b"ok"
    assert bare.get(PODS).json["kind"] == "PodList"
    assert "/api/v1" in bare.get("/").json["paths"]
    for token in ("", "nonsense", "é"):
        assert Client(application, "", token).get("/readyz").body == b"404 page not found\n"


def test_token_of_one_cluster_is_nothing_in_another(application: KubernetesApplication, api: Client) -> None:
    clusters.create("other", members=1, workers=0, profile="instant")
    assert Client(application, "/clusters/other", api.token).get(PODS).code == 401


def test_stopped_api_server_is_unavailable(api: Client, cluster: Cluster) -> None:
    cluster.components.filter(target="apiserver").update(state="stopped")
    reply = api.get(PODS)
    assert (reply.code, reply.json["reason"]) == (503, "ServiceUnavailable")
    assert reply.header("retry-after") == "1"


def test_kubeconfig_holds_a_token_that_works(application: KubernetesApplication, cluster: Cluster) -> None:
    config = yaml.safe_load(kubeconfig(cluster, "admin", [], "https://127.0.0.1:6443", b"PEM", WALL))
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443/clusters/test"
    token = config["users"][0]["user"]["token"]
    row = ApiToken.objects.latest("pk")
    assert (row.username, row.groups) == ("kubernetes-admin", ["system:masters"])
    assert token not in (row.digest,)
    assert Client(application, "/clusters/test", token).get(PODS).code == 200


def test_no_token_begins_like_an_option() -> None:
    """One in 64 would: `kubectl --token "$T"` takes it for an option."""
    assert not [token for token in (new_token() for _ in range(5000)) if token.startswith("-")]


def test_kubeconfig_command_writes_a_private_file(
    cluster: Cluster, tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.conf.settings.DATA_DIR", tmp_path / "data")
    path = tmp_path / "config"
    call_command("kubeconfig", "test", "--output", str(path), verbosity=0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert yaml.safe_load(path.read_text())["current-context"] == "admin@test"


def test_kubeconfig_of_an_unknown_cluster_is_one_sentence(cluster: Cluster) -> None:
    with pytest.raises(CommandError, match="there is no cluster 'nope'; there are: test"):
        call_command("kubeconfig", "nope")


def test_certificate_is_made_once_and_names_the_host(tmp_path: Path) -> None:
    files = server_certificate(tmp_path, "192.0.2.7")
    first = files.certificate.read_bytes()
    assert server_certificate(tmp_path, "192.0.2.7").certificate.read_bytes() == first
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    certificate, authority = x509.load_pem_x509_certificates(first)
    certificate.verify_directly_issued_by(authority)
    assert files.authority.read_bytes() == authority_pem(tmp_path)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert {"127.0.0.1", "192.0.2.7"} <= {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}


def test_certificate_for_another_host_keeps_the_authority(tmp_path: Path) -> None:
    authority = authority_pem(tmp_path)
    before = server_certificate(tmp_path, "127.0.0.1").certificate.read_bytes()
    after = server_certificate(tmp_path, "192.0.2.8").certificate.read_bytes()
    assert before != after
    assert authority_pem(tmp_path) == authority
