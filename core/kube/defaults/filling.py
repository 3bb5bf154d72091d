"""What every defaulter uses: fill what is missing, open a section, make quantities canonical."""

from typing import Any

from core.kube.objects import Obj
from core.kube.quantities import canonical


def fill(target: Obj, **values: Any) -> None:
    for name, value in values.items():
        if name not in target:
            target[name] = value


def section(obj: Obj, name: str) -> Obj:
    """A part of an object, made if it is missing."""
    found: Obj | None = obj.get(name)
    if found is None:
        found = obj[name] = {}
    return found


def canonical_lists(holder: Obj | None, *names: str) -> None:
    """Make the resource lists under `names` canonical."""
    if not holder:
        return
    for name in names:
        amounts = holder.get(name)
        if amounts:
            for resource, quantity in amounts.items():
                amounts[resource] = canonical(quantity)
