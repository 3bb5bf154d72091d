"""The options of a write, checked before anything else is looked at: dryRun, fieldValidation, fieldManager and force."""

from typing import Any

import orjson

from core.kube.errors import Invalid
from core.kube.requests import Request

KINDS = {
    "create": "CreateOptions",
    "update": "UpdateOptions",
    "patch": "PatchOptions",
    "delete": "DeleteOptions",
    "deletecollection": "DeleteOptions",
}
DRY_RUN = 'Unsupported value: {value}: supported values: "All"'
FIELD_VALIDATION = 'Unsupported value: "{value}": supported values: "", "Ignore", "Strict", "Warn"'
MODES = ("", "Ignore", "Strict", "Warn")
MANAGER_MAX = 128  # bytes
MANAGER_TOO_LONG = "Too long: may not be more than 128 bytes"
MANAGER_UNPRINTABLE = "Invalid value: {value}: should only contain printable characters"
NO_MANAGER = "Required value: is required for apply patch"
FORCED = "Forbidden: may not be specified for non-apply patch"


def check(request: Request) -> None:
    """Raises Invalid."""
    kind = KINDS.get(request.verb)
    if kind is None or not (request.options or request.is_apply):
        return
    given = request.options.get("dryRun")
    if given:
        values = [str(value) for value in given] if isinstance(given, list | tuple) else [str(given)]
        if values != ["All"] and given is not True:
            shown = "[" + ",".join(f'"{value}"' for value in values) + "]"
            raise invalid(kind, "dryRun", "FieldValueNotSupported", DRY_RUN.format(value=shown))
    mode = request.options.get("fieldValidation") or ""
    if not isinstance(mode, str) or mode not in MODES:
        raise invalid(kind, "fieldValidation", "FieldValueNotSupported", FIELD_VALIDATION.format(value=mode))
    _check_manager(kind, request)


def _check_manager(kind: str, request: Request) -> None:
    manager = str(request.options.get("fieldManager") or "")
    if len(manager.encode()) > MANAGER_MAX:
        raise invalid(kind, "fieldManager", "FieldValueTooLong", MANAGER_TOO_LONG)
    if not manager.isprintable():
        shown = orjson.dumps(manager).decode()
        raise invalid(kind, "fieldManager", "FieldValueInvalid", MANAGER_UNPRINTABLE.format(value=shown))
    if request.is_apply and not manager:
        raise invalid(kind, "fieldManager", "FieldValueRequired", NO_MANAGER)
    if request.verb == "patch" and not request.is_apply and request.options.get("force") is not None:
        raise invalid(kind, "force", "FieldValueForbidden", FORCED)


def is_dry_run(request: Request) -> bool:
    return bool(request.options.get("dryRun"))


def invalid(kind: str, field: str, reason: str, message: str) -> Invalid:
    """Bad options of `kind`, in the real server's words."""
    causes: list[dict[str, Any]] = [{"reason": reason, "message": message, "field": field}]
    return Invalid(
        f'{kind}.meta.k8s.io "" is invalid: {field}: {message}',
        details={"group": "meta.k8s.io", "kind": kind, "causes": causes},
    )
