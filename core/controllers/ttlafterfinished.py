"""The TTL-after-finished controller: deletes Jobs some time after they ended. Owns no resource.

Watches Jobs. Desired: no finished Job is older than its `ttlSecondsAfterFinished`; actual: when it finished. It goes in
the foreground, its pods first. Behaves like the real one's `pkg/controller/ttlafterfinished`.
"""

from core.client import Reconciler, Result, again
from core.client.calls import deletion
from core.controllers.job import finished_at, is_finished
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, is_deleting
from core.kube.requests import service_account


class TTLAfterFinishedController(Reconciler):
    name = "ttl-after-finished"
    user = service_account("kube-system", "ttl-after-finished-controller")

    def start(self) -> None:
        self.jobs = self.watch("jobs.batch")

    async def reconcile(self, key: str) -> Result | None:
        job: Obj | None = self.jobs.by_key(key)
        if job is None or is_deleting(job) or not is_finished(job):
            return None
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return None
        left = finished_at(job) + float(ttl) - self.now
        if left > 0:
            return again(left)
        meta = job["metadata"]
        options = {"propagationPolicy": "Foreground", "preconditions": {"uid": meta["uid"]}}
        (answer,) = await self.client.batch([deletion("jobs.batch", meta["namespace"], meta["name"], **options)])
        if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
            raise answer
        return Result(note="its time to live is over")
