"""Events: what is said once is an Event, what is said again counts on it."""

from core.client import Agenda, Recorder
from core.kube.requests import User

POD = {"kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "5"}}


def recorder(agenda: Agenda) -> tuple[Recorder, list]:
    sent: list = []
    return Recorder(
        "kubelet", User("system:node:n1"), agenda, lambda request, failed: sent.append((request, failed)), "n1"
    ), sent


def test_an_event_names_its_object_and_its_source():
    says, sent = recorder(Agenda(0.0))
    says.normal(POD, "Pulled", "Image is there")
    body = sent[0][0].body
    assert (sent[0][0].verb, sent[0][0].resource, sent[0][0].namespace) == ("create", "events", "shop")
    assert body["involvedObject"]["name"] == "web"
    assert body["source"] == {"component": "kubelet", "host": "n1"}
    assert body["metadata"]["name"].startswith("web.")


def test_the_same_said_again_raises_the_count():
    says, sent = recorder(Agenda(0.0))
    for _ in range(3):
        says.warning(POD, "BackOff", "Back-off restarting failed container")
    assert [request.verb for request, _ in sent] == ["create", "patch", "patch"]
    assert sent[2][0].body["count"] == 3
    assert sent[2][0].name == sent[0][0].body["metadata"]["name"]


def test_after_ten_minutes_it_is_a_new_event():
    agenda = Agenda(0.0)
    says, sent = recorder(agenda)
    says.warning(POD, "BackOff", "again")
    agenda.advance(601.0)
    says.warning(POD, "BackOff", "again")
    assert [request.verb for request, _ in sent] == ["create", "create"]


def test_events_of_cluster_scoped_objects_go_to_the_default_namespace():
    says, sent = recorder(Agenda(0.0))
    says.normal({"kind": "Node", "metadata": {"name": "n1", "uid": "u"}}, "NodeReady", "ready")
    assert sent[0][0].namespace == "default"


def test_about_one_object_no_more_than_a_burst_is_said_at_once():
    agenda = Agenda(0.0)
    says, sent = recorder(agenda)
    for number in range(100):
        says.normal(POD, "SuccessfulCreate", f"Created pod: web-{number}")
    assert len(sent) == 25
    agenda.advance(300.0)
    for number in range(100, 105):
        says.normal(POD, "SuccessfulCreate", f"Created pod: web-{number}")
    assert len(sent) == 26


def test_an_event_that_was_not_stored_is_created_when_said_again():
    says, sent = recorder(Agenda(0.0))
    says.warning(POD, "BackOff", "again")
    _, failed = sent[0]
    failed()
    says.warning(POD, "BackOff", "again")
    assert [request.verb for request, _ in sent] == ["create", "create"]
