"""The object, the list, the Table or the metadata only: what a client asked to be shown of what there is.

Objects come from the cache and are shared, so each view is built anew around them and nothing is changed in them.
"""

from core.apiserver import tables
from core.apiserver.http.negotiation import Form
from core.kube.objects import Obj


def shown(
    obj: Obj, form: Form, resource: str, now: float, include: str, *, many: bool = False, headers: bool = True
) -> Obj:
    """`obj` (an object, or if `many` a list, of `resource`) in the form that was asked for. A Status is always itself."""
    if obj.get("kind") == "Status":
        return obj
    items: list[Obj] | None = obj["items"] if many else None
    if not form.view:
        return _without_types(obj, items) if items is not None else obj
    version = f"meta.k8s.io/{form.version}"
    if form.view == "Table":
        meta = obj["metadata"]
        if items is None:
            meta = {"resourceVersion": meta["resourceVersion"]} if "resourceVersion" in meta else {}
        return tables.table(
            resource,
            [obj] if items is None else items,
            now,
            meta,
            include=include,
            api_version=version,
            headers=headers,
        )
    if items is None:
        return tables.partial(obj, version)
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": version,
        "metadata": obj["metadata"],
        "items": [tables.partial(item, version) for item in items],
    }


def _without_types(collection: Obj, items: list[Obj]) -> Obj:
    """A list says once what its items are, not in each of them."""
    bare = [{name: value for name, value in item.items() if name not in ("kind", "apiVersion")} for item in items]
    return {**collection, "items": bare}
