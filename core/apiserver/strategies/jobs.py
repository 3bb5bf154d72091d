"""Jobs: their pods are told apart by labels that the server makes up, so that nobody has to think of a selector.

With `manualSelector` the client has, and nothing is added. Reference: kubernetes `pkg/registry/batch/job/strategy.go`
(generateSelector).
"""

from core.apiserver.batch import Batch
from core.apiserver.strategies.base import Strategy
from core.kube.objects import Obj

UID_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")  # the second as it was before 1.27
NAME_LABELS = ("batch.kubernetes.io/job-name", "job-name")


class JobStrategy(Strategy):
    def prepare_create(self, obj: Obj, batch: Batch) -> None:
        super().prepare_create(obj, batch)
        spec, meta = obj.get("spec"), obj["metadata"]
        if not isinstance(spec, dict) or spec.get("manualSelector") or not isinstance(spec.get("template"), dict):
            return
        uid = meta["uid"] = batch.new_uid()
        template_meta = spec["template"]["metadata"] = dict(spec["template"].get("metadata") or {})
        own = dict.fromkeys(UID_LABELS, uid) | dict.fromkeys(NAME_LABELS, meta.get("name", ""))
        template_meta["labels"] = (template_meta.get("labels") or {}) | own
        spec["selector"] = {"matchLabels": {UID_LABELS[0]: uid}}
