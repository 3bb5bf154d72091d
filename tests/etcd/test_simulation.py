"""Safety under random faults, and liveness once they are over. `make soak SEEDS=20000` looks further."""

import os
from typing import Any

import pytest

from core.etcd.raft import Role
from core.etcd.raft import step as steps
from tests.etcd.simulation import STEPS, Simulation

SEEDS = range(int(os.environ.get("SEEDS", "180")))
BLOCKS = 6


@pytest.mark.search
@pytest.mark.parametrize("block", range(BLOCKS))
def test_safety_holds_and_healing_brings_progress(block: int) -> None:
    for seed in SEEDS[block::BLOCKS]:
        simulation = Simulation(seed)
        simulation.run(STEPS)
        simulation.heal()


def test_the_same_seed_gives_the_same_run() -> None:
    def trace(seed: int) -> Any:
        simulation = Simulation(seed)
        simulation.run(STEPS)
        return simulation.leaders, simulation.decided, simulation.wire, simulation.random.random()

    assert trace(5) == trace(5)


def test_the_runs_are_eventful() -> None:
    """A schedule of faults under which nobody is ever elected breaks nothing: so what happens is counted."""
    runs = [Simulation(seed) for seed in range(20)]
    for simulation in runs:
        simulation.run(STEPS)
    assert sum(len(simulation.leaders) for simulation in runs) > 3 * len(runs), "elections"
    assert sum(simulation.newest for simulation in runs) > 20 * len(runs), "decisions"
    assert sum(len(simulation.reads) for simulation in runs) > 20 * len(runs), "reads"


def test_every_role_has_its_handlers() -> None:
    assert set(steps.HANDLERS) == set(Role)
