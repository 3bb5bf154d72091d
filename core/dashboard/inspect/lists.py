"""All workloads, all services: what the picture's two shelves have no room for."""

from typing import Any

from core.dashboard.feed.compact import COMPACT, endpoints_behind
from core.dashboard.inspect.objects import done_word, why_workload
from core.dashboard.inspect.view import Panel, View
from core.kube.objects import key_of
from core.kube.resources import REGISTRY

WORKLOADS = (
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "replicasets.apps",
    "replicationcontrollers",
    "cronjobs.batch",
    "jobs.batch",
)


def workload_rows(view: View) -> list[dict[str, Any]]:
    """What somebody asked for, in the order of the picture; what another of these made is found in it."""
    rows = []
    for resource in WORKLOADS:
        for obj in view.all(resource):
            state = COMPACT[resource](obj) or {}
            if state["owner"]:
                continue
            words = state.get("schedule") or f"{state['ready']} of {state['want']} {done_word(resource)}"
            _, lacks = why_workload(view, resource, obj, state)
            rows.append(
                {
                    **state,
                    "kind": REGISTRY[resource].kind,
                    "name": str(key_of(obj)),
                    "words": words,
                    "lacks": lacks,
                    "subject": f"object/{resource}/{key_of(obj)}",
                }
            )
    return rows


def workloads(view: View, subject: str) -> Panel:
    rows = workload_rows(view)
    lacking = sum(row["lacks"] for row in rows)
    return Panel(
        kick="workloads",
        title="What is wanted",
        tone="ctl",
        why=(
            f"Is it there? {lacking} of {len(rows)} lack something: each one says what."
            if lacking
            else "Is it there? All that was asked for is there."
        ),
        wrong=bool(lacking),
        facts=[("workloads", len(rows)), ("lacking", lacking)],
        commands=["kubectl get deploy,sts,ds,rs,rc,cronjob,job -A"],
        template="dashboard/inspect/list.html",
        more={"rows": rows},
    )


def services(view: View, subject: str) -> Panel:
    behind = endpoints_behind(view.all("endpointslices.discovery.k8s.io"))
    rows = []
    for obj in view.all("services"):
        ready, total = behind.get(str(key_of(obj)), (0, 0))
        rows.append(
            {
                "kind": obj.get("spec", {}).get("type", "ClusterIP"),
                "name": str(key_of(obj)),
                "words": f"{ready} of {total} endpoints" if total else "no endpoints",
                "lacks": not ready,
                "subject": f"service/{key_of(obj)}",
            }
        )
    return Panel(
        kick="services",
        title="Who can be reached",
        tone="net",
        why="What are they? Names and addresses that stay while pods come and go; open one to send it a packet.",
        facts=[("services", len(rows))],
        commands=["kubectl get services,endpointslices -A"],
        template="dashboard/inspect/list.html",
        more={"rows": rows},
    )
