"""Which attempt of a container a log is read of, and what is said when there is none."""

import pytest

from core.kube.errors import BadRequest
from core.kubelet.serving import container_id

HERE, BEFORE = "containerd://here", "containerd://before"


def pod(**status):
    entry = {"name": "c", "state": {}, "lastState": {}, **status}
    return {"metadata": {"name": "web"}, "status": {"containerStatuses": [entry]}}


@pytest.mark.parametrize(
    ("status", "previous", "expected"),
    [
        pytest.param({"state": {"running": {}}, "containerID": HERE}, False, "here", id="it runs"),
        pytest.param({"state": {"terminated": {"containerID": HERE}}}, False, "here", id="it ended"),
        pytest.param(
            {
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"containerID": BEFORE}},
            },
            False,
            "before",
            id="it waits to run again",
        ),
        pytest.param(
            {
                "state": {"running": {}},
                "containerID": HERE,
                "lastState": {"terminated": {"containerID": BEFORE}},
            },
            True,
            "before",
            id="the one before",
        ),
    ],
)
def test_the_attempt_is_read_from_the_status(status, previous, expected):
    assert container_id(pod(**status), "c", previous=previous) == expected


@pytest.mark.parametrize(
    ("name", "status", "previous", "message"),
    [
        pytest.param("x", {}, False, 'container "x" in pod "web" is not available', id="unknown"),
        pytest.param("c", {}, True, 'previous terminated container "c" in pod "web" not found', id="no previous one"),
        pytest.param("c", {}, False, 'container "c" in pod "web" is waiting to start - no logs yet', id="no state"),
        pytest.param(
            "c",
            {"state": {"waiting": {"reason": "ContainerCreating"}}},
            False,
            'container "c" in pod "web" is waiting to start: ContainerCreating',
            id="being created",
        ),
        pytest.param(
            "c",
            {"state": {"waiting": {"reason": "ImagePullBackOff"}}},
            False,
            'container "c" in pod "web" is waiting to start: trying and failing to pull image',
            id="no image",
        ),
        pytest.param(
            "c",
            {"state": {"terminated": {}}},
            False,
            'container "c" in pod "web" is terminated',
            id="ended without a trace",
        ),
    ],
)
def test_no_log_is_a_bad_request_that_says_why(name, status, previous, message):
    with pytest.raises(BadRequest) as caught:
        container_id(pod(**status), name, previous=previous)
    assert caught.value.message == message
