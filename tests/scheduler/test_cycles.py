"""Transcripts of scheduling cycles: a pod, and why it went where it went. `--rewrite` updates them."""

import argparse
from pathlib import Path

import pytest

from core.scheduler.scheduling import FITS, Decision
from tests.builders import make_node, make_pod
from tests.scenarios import transcript
from tests.scheduler.cluster import Cluster

FILES = sorted((Path(__file__).parent / "cycles").glob("*.txt"))
HOST = "kubernetes.io/hostname"


class Stage:
    """Pods of one app are each other's siblings, so the default spreading sees them."""

    def __init__(self) -> None:
        self.cluster = Cluster(0, siblings={"app": "web"})

    def execute(self, words: list[str], given: str) -> str:
        return {"node": self.node, "pod": self.pod, "gone": self.gone}[words[0]](words[1:])

    def node(self, words: list[str]) -> str:
        """`node NAME [--cpu N] [--memory M] [--zone Z] [--taint KEY=VALUE:EFFECT] [--cordoned]`: add or change one."""
        parser = argparse.ArgumentParser()
        parser.add_argument("name")
        for option, default in (("cpu", "4"), ("memory", "8Gi"), ("zone", ""), ("taint", "")):
            parser.add_argument(f"--{option}", default=default)
        parser.add_argument("--cordoned", action="store_true")
        wish = parser.parse_args(words)
        builder = make_node(wish.name).offers(cpu=wish.cpu, memory=wish.memory)
        if wish.zone:
            builder.zone(wish.zone)
        if wish.taint:
            taint, _, effect = wish.taint.partition(":")
            key, _, value = taint.partition("=")
            builder.taint(key, value, effect)
        if wish.cordoned:
            builder.cordoned()
        self.cluster.cache.set_node(builder.obj())
        return ""

    def pod(self, words: list[str]) -> str:
        """`pod NAME [--app A] [--cpu N] [--memory M] [--priority P] [--near APP] [--apart APP]`: one cycle."""
        parser = argparse.ArgumentParser()
        parser.add_argument("name")
        for option in ("app", "cpu", "memory", "near", "apart"):
            parser.add_argument(f"--{option}", default="")
        parser.add_argument("--priority", type=int, default=0)
        wish = parser.parse_args(words)
        builder = make_pod(wish.name).priority(wish.priority)
        if wish.app:
            builder.label("app", wish.app)
        requests = {name: text for name in ("cpu", "memory") if (text := getattr(wish, name))}
        if requests:
            builder.asks(**requests)
        if wish.near:
            builder.near(HOST, app=wish.near)
        if wish.apart:
            builder.apart(HOST, app=wish.apart)
        decision = self.cluster.decide(builder)
        if decision.winner:
            self.cluster.cache.assume(decision.pod, decision.winner)
        return told(decision)

    def gone(self, words: list[str]) -> str:
        """`gone POD`: it was deleted."""
        self.cluster.cache.remove_pod(f"uid-default-{words[0]}")
        return ""


def told(decision: Decision) -> str:
    record = decision.record()
    lines = []
    for node, verdict in record["filters"].items():
        line = f"{node}: {verdict}"
        if verdict == FITS and node in record["totals"]:
            parts = (f"{plugin} {weighted}" for plugin, (_, _, weighted) in record["scores"][node].items())
            line += f"; {' + '.join(parts)} = {record['totals'][node]}"
        lines.append(line)
    if decision.winner:
        lines.append(f"→ {decision.winner}")
    else:
        lines.append(decision.message)
    if decision.nomination is not None:
        victims = ", ".join(victim.key for victim in decision.nomination.victims)
        lines.append(f"evicts {victims} from {decision.nomination.node}")
    return "\n".join(lines)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_cycle(path: Path, rewrite: bool):
    stage = Stage()
    transcript.run(path, stage.execute, rewrite=rewrite)
