"""The whole machine as `make run` starts it, for tests and measurements: real processes on free loopback ports."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.ports import free_port

PROCESSES = {
    # role → what its command line has
    "web": "--role web",
    "control-plane": "--role control-plane",
    "nodes": "--role nodes",
    "beat": "--role beat",
    "redis": "redis-server",
    "demo": "manage.py demo",
}
ROOT = Path(__file__).resolve().parent.parent


def eventually(check: Callable[[], Any], seconds: float = 60.0, every: float = 0.1) -> Any:
    """Wait until `check` answers something true, and answer it. AssertionError with the last answer otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found or time.monotonic() > deadline:
            assert found, f"did not come true within {seconds:g} s: {check}"
            return found
        time.sleep(every)


class Machine:
    """`manage.py up` in a folder of its own. Use as a context manager."""

    def __init__(self, *options: str, environment: dict[str, str] | None = None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="cluster viz %20-")  # any name will do
        self.data = Path(self.folder.name) / "data"
        self.port, self.api_port = free_port(), free_port()
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("CLUSTER_VIZ", "DATABASE_URL", "REDIS_URL"))
            },
            "CLUSTER_VIZ_DATA": str(self.data),
            "CLUSTER_VIZ_PORT": str(self.port),
            "CLUSTER_VIZ_API_PORT": str(self.api_port),
            "CLUSTER_VIZ_INSTANCES": str(Path(self.folder.name) / "instances"),
            **(environment or {}),
        }
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.log_path = Path(self.folder.name) / "log"
        self.started = 0.0

    def __enter__(self) -> "Machine":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self.folder.cleanup()

    def start(self) -> None:
        self.started = time.monotonic()
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *self.options],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        eventually(self.answers, 60)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a management command; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + ("" if check else done.stderr)

    def children(self) -> dict[str, int]:
        """The processes of the machine by role → pid."""
        assert self.process is not None
        listing = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],  # -ww: however long the paths are
            capture_output=True,
            text=True,
            check=False,
        )
        found = {}
        for line in listing.stdout.splitlines():
            pid, arguments = line.split(None, 1)
            name = next((role for role, mark in PROCESSES.items() if mark in arguments), arguments)
            found[name] = int(pid)
        return found

    def kill(self, role: str) -> int:
        """`kill -9` of one process; its pid."""
        pid = self.children()[role]
        os.kill(pid, signal.SIGKILL)
        return pid

    def cluster(self, name: str) -> "ClusterClient":
        return ClusterClient(self, name)


class ClusterClient:
    """One cluster of a running machine, by its HTTPS API and by kubectl. AssertionError if it is not there."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.name = name
        self.folder = Path(machine.folder.name)
        self.kubeconfig = machine.data / "kubeconfig" / f"{name}.yaml"  # as the cluster's creation left it
        assert self.kubeconfig.exists(), f"there is no cluster {name}"
        config = yaml.safe_load(self.kubeconfig.read_text())
        self.url = config["clusters"][0]["cluster"]["server"]
        self.session = requests.Session()
        self.session.trust_env = False  # a CA bundle named in the environment would replace the one of the kubeconfig
        self.session.headers["Authorization"] = f"Bearer {config['users'][0]['user']['token']}"
        self.session.verify = self._authority(config)

    def _authority(self, config: dict[str, Any]) -> str:
        import base64

        path = self.folder / f"{self.name}.ca"
        path.write_bytes(base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
        return str(path)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.session.get(f"{self.url}{path}", params=query, timeout=30).json()
        return answer

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self.session.post(f"{self.url}{path}", json=body, timeout=30)

    def pods(self, namespace: str = "default", **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get(f"/api/v1/namespaces/{namespace}/pods", **query).get("items", [])
        return items

    def ready_pods(self, namespace: str = "default", **query: Any) -> list[dict[str, Any]]:
        return [pod for pod in self.pods(namespace, **query) if is_ready(pod)]

    def status(self) -> dict[str, Any]:
        """What `manage.py status --json` says, over the control API (faster than starting a process)."""
        found: dict[str, Any] = requests.get(
            f"http://127.0.0.1:{self.machine.port}/api/clusters/{self.name}/status", timeout=10
        ).json()
        return found

    def kubectl(self, *arguments: str, check: bool = True, input: str | None = None, timeout: float = 60) -> str:
        done = subprocess.run(
            [
                "kubectl",
                "--kubeconfig",
                str(self.kubeconfig),
                "--cache-dir",
                str(self.folder / "cache"),
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            input=input,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        assert not check or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout + ("" if check else done.stderr)


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)
