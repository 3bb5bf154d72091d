#!/usr/bin/env python3
"""The command line of cluster-viz; `./manage.py help` lists the commands.

It works from any folder, with any Python and nothing activated: it goes on in the project's own environment, with the
settings of the instance that runs (cluster_viz/instances.py).
"""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ENVIRONMENT = os.path.join(HERE, ".venv")
UNPREPARED = "cluster-viz: its dependencies are not installed; run `make setup` in " + HERE


def use_own_environment() -> None:
    """Start over with the project's own Python, unless this one has what requirements.txt pins.

    Any Python can come by here, an old one too: nothing newer than 3.6 before this is over.
    """
    is_own = os.path.isdir(ENVIRONMENT) and os.path.samefile(sys.prefix, ENVIRONMENT)
    if not is_own and not has_what_is_pinned():
        python = os.path.join(ENVIRONMENT, "bin", "python")
        try:
            os.execv(python, [python, os.path.join(HERE, "manage.py"), *sys.argv[1:]])
        except OSError:
            sys.exit(UNPREPARED)


def has_what_is_pinned() -> bool:
    if sys.version_info < (3, 11):  # noqa: UP036  any Python can come by
        return False
    from importlib.metadata import PackageNotFoundError, version

    with open(os.path.join(HERE, "requirements.txt")) as lines:
        product = lines.read().split("\n\n")[0]
    pins = [line.partition("==") for line in product.splitlines() if "==" in line]
    try:
        return all(version(name.partition("[")[0]) == wanted.split()[0] for name, _, wanted in pins)
    except PackageNotFoundError:
        return False


def main() -> None:
    use_own_environment()
    try:
        from cluster_viz import instances
    except ModuleNotFoundError:
        sys.exit(UNPREPARED)
    instances.join(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cluster_viz.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell says of what Ctrl-C ended
