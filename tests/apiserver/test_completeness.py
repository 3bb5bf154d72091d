"""What Go always writes is there from the first answer on, by whatever way an object came or changed."""

import pytest

from core.kube.requests import PatchType
from tests.apiserver.objects import deployment

RESOURCE = "deployments.apps"


def posted(world):
    return world.create(RESOURCE, deployment("web"))


def applied(world):
    return world.api(
        "patch",
        RESOURCE,
        "default",
        "web",
        deployment("web"),
        patch_type=PatchType.APPLY,
        options={"fieldManager": "me"},
    )


def tried(world):
    return world.api("create", RESOURCE, "default", body=deployment("web"), options={"dryRun": ["All"]})


def replaced(world):
    made = world.create(RESOURCE, deployment("web"))
    body = {name: value for name, value in made.items() if name != "status"}
    body["spec"] = {name: value for name, value in body["spec"].items() if name != "strategy"} | {"paused": True}
    return world.api("update", RESOURCE, "default", "web", body=body)


def with_status_taken_away(world):
    world.create(RESOURCE, deployment("web"))
    return world.api(
        "patch", RESOURCE, "default", "web", {"status": None}, subresource="status", patch_type=PatchType.MERGE
    )


@pytest.mark.parametrize("way", [posted, applied, tried, replaced, with_status_taken_away])
def test_structs_are_never_left_out(world, way):
    made = way(world)
    assert made["status"] == {}
    assert made["spec"]["strategy"]["type"] == "RollingUpdate"
    assert made["spec"]["template"]["spec"]["containers"][0]["resources"] == {}


def test_leaving_out_what_go_writes_changes_nothing(world):
    made = world.create(RESOURCE, deployment("web"))
    body = {name: value for name, value in made.items() if name != "status"}
    again = world.api("update", RESOURCE, "default", "web", body=body)
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_what_is_required_is_still_missed(refused):
    error = refused("create", RESOURCE, "default", body={"metadata": {"name": "web"}, "spec": {}})
    assert "spec.selector: Required value" in error.message
