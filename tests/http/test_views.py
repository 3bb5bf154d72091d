"""Kinds that are another view of what is stored: Events of events.k8s.io, autoscalers of autoscaling/v1."""

from tests.http.client import Client

V1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
V2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
EVENTS = "/api/v1/namespaces/default/events"
NEW_EVENTS = "/apis/events.k8s.io/v1/namespaces/default/events"
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
EVENT = {
    "metadata": {"name": "web.1"},
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web"},
    "reason": "Scheduled",
    "message": "assigned",
    "type": "Normal",
}


def autoscaler(**spec: object) -> dict:
    """As `kubectl autoscale` up to 1.33 sends it."""
    return {"metadata": {"name": "web"}, "spec": {"scaleTargetRef": TARGET, "maxReplicas": 4} | spec}


def cpu(percent: int) -> dict:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


MEMORY = {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}}


def test_an_autoscaler_of_v1_is_one_of_v2(api: Client) -> None:
    made = api.post(V1, autoscaler(targetCPUUtilizationPercentage=50))
    assert made.code == 201
    assert made.json["apiVersion"] == "autoscaling/v1"
    assert made.json["spec"] == {
        "scaleTargetRef": TARGET,
        "minReplicas": 1,
        "maxReplicas": 4,
        "targetCPUUtilizationPercentage": 50,
    }
    new = api.get(f"{V2}/web").json
    assert (new["apiVersion"], new["spec"]["metrics"]) == ("autoscaling/v2", [cpu(50)])
    listed = api.get(V1).json
    assert (listed["apiVersion"], listed["kind"]) == ("autoscaling/v1", "HorizontalPodAutoscalerList")
    assert listed["items"][0]["spec"]["targetCPUUtilizationPercentage"] == 50


def test_changing_through_v1_loses_nothing_of_v2(api: Client) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    api.post(V2, autoscaler(metrics=[cpu(50), MEMORY], behavior=behavior))
    changed = api.patch(f"{V1}/web", {"spec": {"targetCPUUtilizationPercentage": 70}})
    assert (changed.code, changed.json["spec"]["targetCPUUtilizationPercentage"]) == (200, 70)
    after = api.get(f"{V2}/web").json
    assert after["spec"]["metrics"] == [cpu(70), MEMORY]
    assert after["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 60
    assert "annotations" not in after["metadata"]
    read = api.get(f"{V1}/web").json
    assert api.put(f"{V1}/web", read).json == read


def test_nonsense_in_the_annotations_is_refused_or_kept_as_text(api: Client) -> None:
    name = "autoscaling.alpha.kubernetes.io/metrics"
    for text in ("{", "7", "[7]", '[{"type": 1}]'):
        body = autoscaler() | {"metadata": {"name": "web", "annotations": {name: text}}}
        assert api.post(V1, body).code in (201, 400, 422)
        api.delete(f"{V1}/web")


def test_both_versions_are_discovered_and_v2_is_preferred(api: Client) -> None:
    group = api.get("/apis/autoscaling").json
    assert [entry["version"] for entry in group["versions"]] == ["v2", "v1"]
    assert group["preferredVersion"]["version"] == "v2"
    assert api.get("/openapi/v3/apis/autoscaling/v1").code == 200


def test_unknown_fields_are_named_as_the_client_wrote_them(api: Client) -> None:
    reply = api.post(f"{V1}?fieldValidation=Strict", autoscaler(metrics=[]))
    assert 'unknown field "spec.metrics"' in reply.json["message"]


def test_events_are_read_in_both_groups(api: Client) -> None:
    api.post(EVENTS, EVENT)
    (item,) = (event for event in api.get(NEW_EVENTS).json["items"] if event["metadata"]["name"] == "web.1")
    assert (item["note"], item["regarding"]["name"]) == ("assigned", "web")
    one = api.get(f"{NEW_EVENTS}/web.1").json
    assert (one["apiVersion"], one["note"]) == ("events.k8s.io/v1", "assigned")
    missing = api.get(f"{NEW_EVENTS}/none").json
    assert missing["message"] == 'events.events.k8s.io "none" not found'


def test_events_are_written_in_both_groups(api: Client) -> None:
    body = {
        "metadata": {"name": "web.2"},
        "regarding": EVENT["involvedObject"],
        "note": "new",
        "reason": "Scheduled",
        "type": "Normal",
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "me",
        "reportingInstance": "me-1",
        "action": "Binding",
    }
    assert api.post(NEW_EVENTS, body).code == 201
    assert api.get(f"{EVENTS}/web.2").json["message"] == "new"
    assert api.patch(f"{NEW_EVENTS}/web.2", {"note": "newer"}).json["note"] == "newer"
    assert api.get(f"{EVENTS}/web.2").json["message"] == "newer"
    assert api.delete(f"{NEW_EVENTS}/web.2").code == 200
    assert api.get(f"{EVENTS}/web.2").code == 404


def test_tables_of_a_view_read_what_is_stored(api: Client) -> None:
    api.post(EVENTS, EVENT)
    cells = [row["cells"][3:7] for row in api.table(NEW_EVENTS).json["rows"]]
    assert any(row[0] == "pod/web" and "assigned" in row for row in cells)


def test_a_watch_of_a_view_shows_it(api: Client) -> None:
    api.post(EVENTS, EVENT)
    (event,) = api.get(f"{NEW_EVENTS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dweb.1").lines
    assert (event["type"], event["object"]["apiVersion"], event["object"]["note"]) == (
        "ADDED",
        "events.k8s.io/v1",
        "assigned",
    )
