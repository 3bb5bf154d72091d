"""Whoever writes what has no effect is told so, once."""

from tests.http.client import Client


def test_client_is_warned_once(api: Client) -> None:
    body = {"metadata": {"name": "np"}, "spec": {"podSelector": {}}}
    path = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
    made = api.post(path, body, user_agent="kubectl")
    assert "NetworkPolicy is stored, without effect here: no packet is filtered by policies" in made.header("warning")
    labelled = api.patch(f"{path}/np", {"metadata": {"labels": {"a": "b"}}})
    assert labelled.header("warning") in ("", None)
