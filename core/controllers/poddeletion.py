"""Deleting one particular pod: by name and uid, so that a namesake made meanwhile is left alone."""

from typing import Any

from core.client.calls import deletion
from core.kube.objects import Obj
from core.kube.requests import Request


def pod_deletion(pod: Obj, **options: Any) -> Request:
    """The request that deletes `pod` and no successor of its name; `options` as of `deletion`."""
    meta = pod["metadata"]
    return deletion("pods", meta["namespace"], meta["name"], preconditions={"uid": meta["uid"]}, **options)
