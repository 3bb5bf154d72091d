"""The guestbook through a whole machine: what must be true when it runs, and when it is gone."""

from pathlib import Path

from tests.machine import ClusterClient, eventually

MANIFEST = Path(__file__).resolve().parents[2] / "docs" / "examples" / "guestbook.yaml"
SERVICES = {"redis-leader": 1, "redis-follower": 2, "frontend": 3}


def apply(cluster: ClusterClient) -> None:
    cluster.kubectl("apply", "-f", str(MANIFEST))


def is_running(cluster: ClusterClient) -> bool:
    """Six pods Ready, and the endpoints of each Service filled."""
    owned = [pod for pod in cluster.ready_pods() if pod["metadata"]["labels"].get("app") in ("redis", "guestbook")]
    if len(owned) != 6:
        return False
    return all(len(addresses(cluster, name)) == count for name, count in SERVICES.items())


def addresses(cluster: ClusterClient, service: str) -> list[str]:
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    slices = cluster.get(path, labelSelector=f"kubernetes.io/service-name={service}")["items"]
    return [
        endpoint["addresses"][0]
        for item in slices
        for endpoint in item.get("endpoints") or ()
        if endpoint["conditions"].get("ready")
    ]


def delete(cluster: ClusterClient) -> None:
    cluster.kubectl("delete", "-f", str(MANIFEST), "--wait=false")
    eventually(lambda: not leftovers(cluster), 60)


def leftovers(cluster: ClusterClient) -> list[str]:
    """What of the guestbook is still there, of whatever kind."""
    listed = cluster.kubectl("get", "deployments,replicasets,pods,services,endpoints,endpointslices", "-o", "name")
    return [line for line in listed.splitlines() if "redis" in line or "frontend" in line]
