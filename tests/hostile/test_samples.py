"""What hostile tests start from is valid."""

import pytest

from tests.hostile.samples import NAMESPACE, STORED, sample
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_there_is_a_valid_sample_of_every_stored_kind() -> None:
    world = World("samples", members=1, workers=1)
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    world.run(5)
    for resource in STORED:
        made = world.create(resource, sample(resource))
        assert made["metadata"]["uid"]
