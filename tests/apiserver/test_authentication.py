"""Who asks: static tokens, service account tokens, nobody; and acting as somebody else."""

import hashlib

import jwt
import pytest

from core.apiserver import tokens
from core.apiserver.authorization import Attributes
from core.apiserver.impersonation import impersonate
from core.kube.errors import ApiError, Forbidden, Unauthorized
from core.kube.requests import User
from core.models import ApiToken, Cluster
from tests.apiserver.conftest import ALICE
from tests.apiserver.objects import pod

ASKED = Attributes("list", resource="pods", namespace="default")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def issued(world, name="default", **spec):
    answer = world.api("create", "serviceaccounts", "default", name, {"spec": spec}, subresource="token")
    return answer["status"]["token"]


@pytest.fixture
def known(world):
    return lambda headers: world.host.server.authenticate(headers, world.now)


def test_no_credentials_are_anonymous(known):
    assert known({}) == User("system:anonymous", ("system:unauthenticated",))


@pytest.mark.parametrize("header", ["Bearer nope", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer é"])
def test_bad_credentials_are_not_anonymous(known, header):
    with pytest.raises(Unauthorized) as caught:
        known({"Authorization": header})
    assert (caught.value.code, caught.value.message) == (401, "Unauthorized")


def test_static_token_is_known_until_it_expires(world, known):
    ApiToken.objects.create(
        cluster=world.cluster,
        digest=hashlib.sha256(b"secret").hexdigest(),
        username="alice",
        groups=["devs"],
        expires=world.now + 60,
    )
    assert known(bearer("secret")) == ALICE
    world.run(61)
    with pytest.raises(Unauthorized):
        known(bearer("secret"))


def test_token_of_another_cluster_is_unknown(world, known):
    other = Cluster.objects.create(name="other", clock_base=0, clock_anchor=0)
    digest = hashlib.sha256(b"secret").hexdigest()
    ApiToken.objects.create(cluster=other, digest=digest, username="alice", expires=world.now + 60)
    with pytest.raises(Unauthorized):
        known(bearer("secret"))


def test_service_account_token_names_the_account(world, known):
    user = known(bearer(issued(world)))
    assert user.name == "system:serviceaccount:default:default"
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")
    assert user.uid == world.get("serviceaccounts", "default", "default")["metadata"]["uid"]


def test_token_has_the_real_claims(world):
    text = issued(world, expirationSeconds=3600)
    claims = jwt.decode(text, options={"verify_signature": False})
    assert claims["iss"] == tokens.ISSUER
    assert claims["aud"] == [tokens.ISSUER]
    assert claims["sub"] == "system:serviceaccount:default:default"
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["kubernetes.io"]["serviceaccount"]["name"] == "default"
    assert jwt.get_unverified_header(text)["kid"] == tokens.jwks(Cluster.objects.get())["keys"][0]["kid"]


def test_token_expires_in_virtual_time(world, known):
    token = issued(world, expirationSeconds=600)
    world.run(601)
    with pytest.raises(Unauthorized):
        known(bearer(token))


def test_token_dies_with_its_account(world, known):
    token = issued(world)
    world.api("delete", "serviceaccounts", "default", "default")
    with pytest.raises(Unauthorized):
        known(bearer(token))


def test_token_dies_with_the_pod_it_is_bound_to(world, known):
    world.create("pods", pod("web"))
    token = issued(world, boundObjectRef={"kind": "Pod", "apiVersion": "v1", "name": "web"})
    assert known(bearer(token)).extra["authentication.kubernetes.io/pod-name"] == ("web",)
    world.api("delete", "pods", "default", "web")
    with pytest.raises(Unauthorized):
        known(bearer(token))


def test_token_for_another_audience_is_unknown_here(world, known):
    with pytest.raises(Unauthorized):
        known(bearer(issued(world, audiences=["vault"])))


def test_unsigned_token_is_unknown(world, known):
    claims = jwt.decode(issued(world), options={"verify_signature": False})
    for forged in (jwt.encode(claims, None, algorithm="none"), jwt.encode(claims, "k" * 32, algorithm="HS256")):
        with pytest.raises(Unauthorized):
            known(bearer(forged))


def test_too_short_a_token_is_invalid(refused):
    error = refused(
        "create", "serviceaccounts", "default", "default", {"spec": {"expirationSeconds": 10}}, subresource="token"
    )
    assert error.message == (
        'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a'
        " duration less than 10 minutes"
    )


def test_masters_may_act_as_anybody(world):
    admin = User("admin", ("system:masters",))
    user = impersonate(world.host.server.authorizer, admin, ASKED, "bob", ("devs",))
    assert user == User("bob", ("devs", "system:authenticated"))


def test_acting_as_a_service_account_brings_its_groups(world):
    admin = User("admin", ("system:masters",))
    user = impersonate(world.host.server.authorizer, admin, ASKED, "system:serviceaccount:ns:bot")
    assert "system:serviceaccounts:ns" in user.groups


def test_others_may_not(world):
    with pytest.raises(Forbidden) as caught:
        impersonate(world.host.server.authorizer, ALICE, ASKED, "bob")
    assert caught.value.message == (
        'pods is forbidden: User "alice" cannot impersonate-on:user-info:list resource "pods" in API group "" in the'
        ' namespace "default"'
    )


def test_groups_alone_cannot_be_impersonated(world):
    with pytest.raises(ApiError) as caught:
        impersonate(world.host.server.authorizer, ALICE, ASKED, "", ("system:masters",))
    assert caught.value.code == 400
