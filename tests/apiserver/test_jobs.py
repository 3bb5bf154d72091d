"""A Job's selector and the labels of its pods, which the server makes up."""

import pytest

TEMPLATE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36"}]}}


def job(name="work", template=TEMPLATE, **spec):
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"template": template, **spec},
    }


@pytest.mark.parametrize(
    "meta",
    [
        pytest.param({}, id="no metadata"),
        pytest.param({"metadata": {"labels": {"app": "x"}}}, id="labels of its own"),
        pytest.param({"metadata": {"labels": None}}, id="null labels"),
    ],
)
def test_a_job_selects_its_own_pods_by_its_uid(world, meta):
    made = world.create("jobs.batch", job(template=TEMPLATE | meta))
    uid, spec = made["metadata"]["uid"], made["spec"]
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    own = ((meta.get("metadata") or {}).get("labels")) or {}
    assert spec["template"]["metadata"]["labels"] == own | {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "work",
        "controller-uid": uid,
        "job-name": "work",
    }


def test_a_manual_selector_is_left_as_it_is(world):
    template = TEMPLATE | {"metadata": {"labels": {"run": "me"}}}
    selector = {"matchLabels": {"run": "me"}}
    spec = world.create("jobs.batch", job(template=template, manualSelector=True, selector=selector))["spec"]
    assert spec["selector"] == selector
    assert spec["template"]["metadata"]["labels"] == {"run": "me"}
