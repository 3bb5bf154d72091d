"""A small cluster at work: three nodes, a Deployment and its Service, driven inline until it is quiet."""

from core.engine.demo import deployment, service
from tests.world import World


def working_world(name: str = "demo", **options: int) -> World:
    world = World(name, **options)
    for resource, obj in (("deployments.apps", deployment()), ("services", service())):
        obj["metadata"]["namespace"] = "default"
        world.create(resource, obj)
    world.run(60)
    return world
