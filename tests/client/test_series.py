"""Events of events.k8s.io: what is done again is a series."""

import pytest

from core.client import Agenda, SeriesRecorder
from core.kube.requests import User

POD = {"kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "resourceVersion": "5"}}


@pytest.fixture
def sent():
    return []


@pytest.fixture
def agenda():
    return Agenda(0.0)


@pytest.fixture
def says(agenda, sent):
    user = User("system:kube-scheduler")
    return SeriesRecorder("default-scheduler", user, agenda, lambda *pair: sent.append(pair), "here")


def test_an_event_tells_its_action_and_its_time(says, sent):
    says.did(POD, "Scheduled", "Binding", "Successfully assigned shop/web to n1")
    body = sent[0][0].body
    assert (sent[0][0].verb, sent[0][0].namespace) == ("create", "shop")
    assert body["involvedObject"] == {"apiVersion": "v1", "kind": "Pod", **POD["metadata"]}
    assert {name: body[name] for name in ("type", "reason", "action", "eventTime", "message")} == {
        "type": "Normal",
        "reason": "Scheduled",
        "action": "Binding",
        "eventTime": "1970-01-01T00:00:00.000000Z",
        "message": "Successfully assigned shop/web to n1",
    }
    assert (body["reportingComponent"], body["reportingInstance"]) == ("default-scheduler", "default-scheduler-here")
    assert not {"count", "firstTimestamp", "lastTimestamp", "source"} & set(body)


def test_what_is_tried_again_makes_a_series_whatever_is_said_of_it(says, sent, agenda):
    for number in range(5):
        says.did(POD, "FailedScheduling", "Scheduling", f"0/{number} nodes are available", warning=True)
        agenda.advance(agenda.now + 10)
    assert [request.verb for request, _ in sent] == ["create", "patch"]
    assert sent[1][0].name == sent[0][0].body["metadata"]["name"]
    assert sent[1][0].body == {"series": {"count": 2, "lastObservedTime": "1970-01-01T00:00:10.000000Z"}}


def test_a_long_series_is_written_every_half_hour(says, sent, agenda):
    for _ in range(40):
        says.did(POD, "FailedScheduling", "Scheduling", "no", warning=True)
        agenda.advance(agenda.now + 100)
    assert [request.body["series"]["count"] for request, _ in sent[1:]] == [2, 20, 38]


def test_after_six_minutes_it_is_a_new_event(says, sent, agenda):
    says.did(POD, "FailedScheduling", "Scheduling", "no", warning=True)
    agenda.advance(361.0)
    says.did(POD, "FailedScheduling", "Scheduling", "no", warning=True)
    assert [request.verb for request, _ in sent] == ["create", "create"]


def test_what_was_never_stored_is_created_the_next_time(says, sent):
    says.did(POD, "Scheduled", "Binding", "yes")
    sent[0][1]()
    says.did(POD, "Scheduled", "Binding", "yes")
    assert [request.verb for request, _ in sent] == ["create", "create"]


def test_another_object_that_took_part_is_named(says, sent):
    other = {"kind": "Pod", "metadata": {"name": "big", "namespace": "shop", "uid": "u2"}}
    says.did(POD, "Preempted", "Preempting", "by big", related=other)
    assert sent[0][0].body["related"] == {"apiVersion": "v1", "kind": "Pod", **other["metadata"]}
