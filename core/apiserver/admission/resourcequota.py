"""ResourceQuota: a namespace may hold so much and no more.

The usage is charged to the quota's status in the same critical section as the object, so two requests cannot both take
the last of it; giving back is the quota controller's work, which counts anew. A quota not yet counted is counted here
(the real server answers "status unknown" until its controller has done so).
Reference: apiserver `pkg/admission/plugin/resourcequota`, pkg/quota/v1/evaluator/core.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from core.apiserver.admission.base import Attempt, Plugin
from core.kube.objects import Obj, clone
from core.kube.pods import resources_of
from core.kube.quantities import Amounts, parse, write
from core.kube.quota import counted_by, family_of, in_scope, total, usage
from core.kube.requests import Request
from core.kube.resources import REGISTRY

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

QUOTAS = "resourcequotas"
EXCEEDED = "exceeded quota: {quota}, requested: {requested}, used: {used}, limited: {limited}"
MUST_SPECIFY = "failed quota: {quota}: must specify {missing}"


class ResourceQuota(Plugin):
    name = "ResourceQuota"
    verbs = frozenset({"create", "update"})

    def validate(self, attempt: Attempt, batch: "Batch") -> str | None:
        if not attempt.row.namespaced:
            return None
        charged = []
        for quota in list(batch.all(QUOTAS, attempt.namespace)):
            if quota["metadata"]["name"] == attempt.name and attempt.row.name == QUOTAS:
                continue
            if self._charge(quota, attempt, batch):
                charged.append(quota["metadata"]["name"])
        return f"charged to {', '.join(charged)}" if charged else None

    def _charge(self, quota: Obj, attempt: Attempt, batch: "Batch") -> bool:
        """Add what the write takes to the quota's status; whether it takes anything. Raises Forbidden."""
        hard: dict[str, str] = (quota.get("spec") or {}).get("hard") or {}
        obj, old = attempt.obj, attempt.old
        if obj is None or not in_scope(quota, obj):
            return False
        if attempt.row.name == "pods" and old is None:
            _require(quota, hard, attempt, obj)
        before = usage(attempt.row, old) if old is not None else {}
        taken = {
            name: more
            for name, value in usage(attempt.row, obj).items()
            if name in hard and (more := value - before.get(name, Decimal(0))) > 0
        }
        if not taken:
            return False
        used = _used(quota, hard, batch)
        over = sorted(name for name, more in taken.items() if used[name] + more > parse(hard[name]))
        if over:
            raise attempt.forbidden(
                EXCEEDED.format(
                    quota=quota["metadata"]["name"],
                    requested=_list(over, taken, hard),
                    used=_list(over, used, hard),
                    limited=",".join(f"{name}={hard[name]}" for name in over),
                )
            )
        if not attempt.is_dry_run:
            new = clone(quota)
            after = {name: used[name] + taken.get(name, Decimal(0)) for name in sorted(hard)}
            new["status"] = {
                "hard": dict(hard),
                "used": {name: write(value, family_of(hard[name])) for name, value in after.items()},
            }
            batch.put(REGISTRY[QUOTAS], new, quota, Request("update", QUOTAS, user=attempt.user))
        return True


def _used(quota: Obj, hard: dict[str, str], batch: "Batch") -> Amounts:
    counted: dict[str, str] = (quota.get("status") or {}).get("used") or {}
    if all(name in counted for name in hard):
        return {name: parse(counted[name]) for name in hard}
    namespace = quota["metadata"]["namespace"]
    return total(quota, {row: batch.all(row.name, namespace) for row in counted_by(hard)})


def _require(quota: Obj, hard: dict[str, str], attempt: Attempt, pod: Obj) -> None:
    """A quota on computing resources makes saying what one needs a duty."""
    missing: dict[str, list[str]] = {}
    for container in (pod.get("spec") or {}).get("containers") or ():
        alone = {"containers": [container]}
        said = {f"requests.{name}" for name in resources_of(alone, "requests")}
        said |= {f"limits.{name}" for name in resources_of(alone, "limits")} | set(resources_of(alone, "requests"))
        for name in hard:
            if name.removeprefix("requests.").removeprefix("limits.") in ("cpu", "memory") and name not in said:
                missing.setdefault(name, []).append(str(container.get("name")))
    if missing:
        text = "; ".join(f"{name} for: {','.join(names)}" for name, names in sorted(missing.items()))
        raise attempt.forbidden(MUST_SPECIFY.format(quota=quota["metadata"]["name"], missing=text))


def _list(names: list[str], amounts: Amounts, hard: dict[str, str]) -> str:
    return ",".join(f"{name}={write(amounts[name], family_of(hard[name]))}" for name in names)
