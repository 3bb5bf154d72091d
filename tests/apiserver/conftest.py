"""A cluster without nodes or controllers at work: only what the API server itself does shows."""

import pytest

from core.kube.requests import User
from tests.world import World

ALICE = User("alice", ("devs", "system:authenticated"))


@pytest.fixture
def world(transactional_db):
    return World(workers=0)


@pytest.fixture
def refused(world):
    """The error that a request is answered with."""
    from core.kube.errors import ApiError

    def ask(*args, **more):
        with pytest.raises(ApiError) as caught:
            world.api(*args, **more)
        return caught.value

    return ask


@pytest.fixture
def allow(world):
    """Give a user a ClusterRole everywhere, or in one namespace."""

    def grant(user, role, namespace="", kind="ClusterRole"):
        plural = "rolebindings" if namespace else "clusterrolebindings"
        meta = {"name": f"{user.name}-{role}"} | ({"namespace": namespace} if namespace else {})
        world.create(
            f"{plural}.rbac.authorization.k8s.io",
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
                "metadata": meta,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
                "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user.name}],
            },
        )

    return grant
