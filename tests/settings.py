"""The settings of a test run: those of the product, in a data folder of its own.

So nothing that runs beside is touched, neither `make run` on its default folder nor a second test run: no database, no
Redis, no kubeconfig of theirs. Processes that a test starts inherit the folder, unless they are given another.
"""

import atexit
import os
import shutil
import tempfile

FOLDER = tempfile.mkdtemp(prefix="cluster-viz-tests-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

for name in ("CLUSTER_VIZ_HOST", "CLUSTER_VIZ_PORT", "CLUSTER_VIZ_API_PORT"):
    os.environ.pop(name, None)
os.environ["CLUSTER_VIZ_DATA"] = FOLDER
os.environ["CLUSTER_VIZ_INSTANCES"] = os.path.join(FOLDER, "instances")

from cluster_viz.settings import *  # noqa: E402, F403

os.environ["DJANGO_SETTINGS_MODULE"] = "cluster_viz.settings"  # of the processes that tests start

# Nothing here is to survive a power cut, and to wait for the disk at each commit is what a test of a file would do most.
OPTIONS = DATABASES["default"].get("OPTIONS", {})  # noqa: F405
OPTIONS["init_command"] = OPTIONS.get("init_command", "").replace("synchronous=FULL", "synchronous=OFF")
