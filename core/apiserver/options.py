"""The options of a write, checked before anything else is looked at: dryRun and fieldValidation."""

from typing import Any

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


def check(request: Request) -> None:
    """Raises Invalid."""
    kind = KINDS.get(request.verb)
    if kind is None or not request.options:
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


def is_dry_run(request: Request) -> bool:
    return bool(request.options.get("dryRun"))


def invalid(kind: str, field: str, reason: str, message: str) -> Invalid:
    """Bad options of `kind`, in the real server's words."""
    causes: list[dict[str, Any]] = [{"reason": reason, "message": message, "field": field}]
    return Invalid(
        f'{kind}.meta.k8s.io "" is invalid: {field}: {message}',
        details={"group": "meta.k8s.io", "kind": kind, "causes": causes},
    )
