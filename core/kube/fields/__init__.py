"""Who owns which field of an object: the bookkeeping of server-side apply, as pure functions.

Every object carries in `metadata.managedFields` one set of paths for each manager that wrote to it. An update gives the
fields it changed to its manager and takes them from the others. An apply says the whole of what its manager wants: fields it
no longer names and nobody else owns are removed, and a field that another manager owns with another value is a conflict,
unless it is forced.

`paths` are sets of paths and their wire form, `typed` walks objects along the schema (which lists are merged by which
keys, what is one value), `managers` holds the rules. Reference: sigs.k8s.io/structured-merge-diff v6, apimachinery
`pkg/util/managedfields`, KEP-555.

Simplified against the real thing: the cluster's own components are recorded only on objects that are recorded already,
and never in `status`, since nobody would look and each of their writes would pay for it.
"""

from core.kube.fields.managers import Author, apply, update

__all__ = ["Author", "apply", "update"]
