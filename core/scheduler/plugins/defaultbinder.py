"""DefaultBinder: posts the Binding to the API server, which writes `spec.nodeName` if the pod has none yet."""

from core.client import Client
from core.scheduler.framework import Bind
from core.scheduler.handle import Handle
from core.scheduler.podinfo import PodInfo


class DefaultBinder(Bind):
    name = "DefaultBinder"

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    async def bind(self, client: Client, pod: PodInfo, node: str) -> None:
        name = pod.pod["metadata"]["name"]
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": name, "namespace": pod.namespace, "uid": pod.uid},
            "target": {"kind": "Node", "name": node},
        }
        await client.create("pods", binding, name=name, subresource="binding")
