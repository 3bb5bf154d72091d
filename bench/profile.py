"""`make profile`: where the microseconds of a pod go. One process, inline, a temporary SQLite file; cProfile by module.

Each row is the time spent in a package itself (not in what it calls), per pod of a Deployment from apply to Ready.
"""

import cProfile
import os
import pstats
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

PODS = 500


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="cluster-viz-") as folder:
        os.environ["CLUSTER_VIZ_DATA"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "cluster_viz.settings"
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        run("profile" not in sys.argv[1:])
    return 0


def run(by_package: bool) -> None:
    from bench.manifests import deployment
    from tests.world import World

    world = World(workers=8)
    world.run(2)
    world.create("deployments.apps", deployment(PODS))
    profiler = cProfile.Profile()
    before, start = world.host.server.cache.revision, time.perf_counter()
    profiler.enable()
    world.run(1)
    profiler.disable()
    profiled = time.perf_counter() - start
    writes = world.host.server.cache.revision - before
    ready = sum(pod["status"]["phase"] == "Running" for pod in world.all("pods", "default"))
    print(f"{ready} of {PODS} pods Running, {writes} writes ({writes / PODS:.1f} a pod), {profiled:.2f} s profiled")
    if not by_package:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
        return
    times: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        times[package(file)] += own
    for name, seconds in times.most_common(24):
        print(f"{seconds / PODS * 1e6:9.0f} µs a pod  {seconds / max(writes, 1) * 1e6:7.1f} µs a write  {name}")


def package(file: str) -> str:
    parts = Path(file).parts
    if "core" in parts:
        return ".".join(parts[parts.index("core") : parts.index("core") + 3]).removesuffix(".py")
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return "python" if file != "~" else "built-in (C)"


if __name__ == "__main__":
    sys.exit(main())
