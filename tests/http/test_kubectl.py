"""The real kubectl against the real server with TLS, and a cluster at work behind it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.machine import ROOT, eventually
from tests.ports import free_port

pytestmark = pytest.mark.slow

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: solo
  labels: {app: solo}
spec:
  containers:
  - name: c
    image: registry.k8s.io/pause:3.10
    ports:
    - containerPort: 80
"""


@dataclass(frozen=True, slots=True)
class Kubectl:
    folder: Path

    def __call__(self, *arguments: str, stdin: str | None = None, ok: bool = True, seconds: float = 60) -> str:
        """What kubectl printed, both streams; the exit code has to be 0 if `ok`, else not."""
        done = subprocess.run(
            [
                "kubectl",
                "--kubeconfig",
                str(self.folder / "config"),
                "--cache-dir",
                str(self.folder / "cache"),
                *arguments,
            ],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            input=stdin,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    folder = tmp_path_factory.mktemp("kubectl")
    port, api_port = free_port(), free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CLUSTER_VIZ")},
        "CLUSTER_VIZ_DATA": str(folder / "data"),
        "CLUSTER_VIZ_API_PORT": str(api_port),
    }
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.http.serving", str(port), str(api_port)],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
    )
    try:
        # An anonymous request gets through once the server listens and the cluster is there.
        session = requests.Session()
        session.trust_env = False
        authority = folder / "data/pki/ca.crt"

        def answers() -> bool:
            assert server.poll() is None, (folder / "log").read_text()
            try:
                url = f"https://127.0.0.1:{api_port}/clusters/demo/readyz"
                return authority.exists() and session.get(url, verify=str(authority), timeout=5).ok
            except requests.RequestException:
                return False

        eventually(answers)
        subprocess.run(
            [sys.executable, "manage.py", "kubeconfig", "demo", "--output", str(folder / "config")],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
        )
        yield Kubectl(folder)
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@pytest.fixture(autouse=True, scope="module")
def _installed() -> None:
    assert shutil.which("kubectl"), "these tests need kubectl on the PATH"


def rows(output: str) -> list[list[str]]:
    return [line.split() for line in output.splitlines() if line and not line.startswith("Warning")]


def test_version(kubectl: Kubectl) -> None:
    assert "Server Version: v1.37.0" in kubectl("version")


def test_api_resources_are_listed(kubectl: Kubectl) -> None:
    listed = kubectl("api-resources")
    assert rows(listed)[0] == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    assert ["deployments", "deploy", "apps/v1", "true", "Deployment"] in rows(listed)
    assert "apps/v1" in kubectl("api-versions").splitlines()


def test_nodes_are_ready(kubectl: Kubectl) -> None:
    eventually(lambda: kubectl("get", "nodes").count(" Ready ") == 2)
    assert rows(kubectl("get", "nodes"))[0] == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    wide = kubectl("get", "nodes", "-o", "wide").splitlines()[0]
    assert "INTERNAL-IP" in wide
    assert "CONTAINER-RUNTIME" in wide


def test_explain_reads_the_schemas(kubectl: Kubectl) -> None:
    lines = kubectl("explain", "deployment.spec.strategy").splitlines()
    assert lines[:5] == [
        "GROUP:      apps",
        "KIND:       Deployment",
        "VERSION:    v1",
        "",
        "FIELD: strategy <DeploymentStrategy>",
    ]
    assert "  rollingUpdate\t<RollingUpdateDeployment>" in lines
    assert "  containers\t<[]Container> -required-" in kubectl("explain", "pod.spec")


def test_may_i(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert kubectl("auth", "can-i", "create", "pods", "--as=bob", ok=False) == "no\n"
    assert "kubernetes-admin" in kubectl("auth", "whoami")


def test_errors_are_in_the_words_people_know(kubectl: Kubectl) -> None:
    assert kubectl("get", "pod", "nope", ok=False) == 'Error from server (NotFound): pods "nope" not found\n'
    assert kubectl("get", "widgets", ok=False) == 'error: the server doesn\'t have a resource type "widgets"\n'
    assert kubectl("get", "pods", "-l", "app=none") == "No resources found in default namespace.\n"
    assert kubectl("get", "pods", "--as=bob", ok=False) == (
        'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the'
        ' namespace "default"\n'
    )


def test_life_of_a_pod(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", stdin=POD) == "pod/solo created\n"
    assert kubectl("apply", "-f", "-", stdin=POD) == "pod/solo unchanged\n"
    kubectl("wait", "--for=condition=Ready", "pod/solo", "--timeout=30s")
    header, row = rows(kubectl("get", "pod", "solo"))
    assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row[:4] == ["solo", "1/1", "Running", "0"]
    assert kubectl("get", "pod", "solo", "-o", "jsonpath={.status.phase}") == "Running"
    assert kubectl("label", "pod", "solo", "x=y") == "pod/solo labeled\n"
    assert kubectl("annotate", "pod", "solo", "note=hello") == "pod/solo annotated\n"
    described = kubectl("describe", "pod", "solo")
    assert "Status:           Running" in described
    assert "note: hello" in described
    assert "Scheduled" in described
    assert "Started" in kubectl("get", "events", "--field-selector", "involvedObject.name=solo")
    assert kubectl("delete", "pod", "solo", "--grace-period=1") == 'pod "solo" deleted\n'
    kubectl("get", "pod", "solo", ok=False)


def test_life_of_a_deployment(kubectl: Kubectl) -> None:
    created = kubectl("create", "deployment", "web", "--image=registry.k8s.io/pause:3.10", "--replicas=3", "--port=80")
    assert created == "deployment.apps/web created\n"
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    header, row = rows(kubectl("get", "deployment", "web"))
    assert header == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row[:4] == ["web", "3/3", "3", "3"]
    assert kubectl("scale", "deployment", "web", "--replicas=1") == "deployment.apps/web scaled\n"
    eventually(lambda: len(rows(kubectl("get", "pods", "-l", "app=web", "--no-headers"))) == 1, 30)
    patch = '{"spec":{"minReadySeconds":1}}'
    assert kubectl("patch", "deployment", "web", "-p", patch) == "deployment.apps/web patched\n"
    assert kubectl("expose", "deployment", "web", "--port=80") == "service/web exposed\n"
    assert "deployment.apps/web" in kubectl("get", "all")
    assert "StrategyType:" in kubectl("describe", "deployment", "web")
    assert "deleted" in kubectl("delete", "deployment,service", "web")


TALKER = """\
apiVersion: v1
kind: Pod
metadata:
  name: counter
spec:
  containers:
  - name: count
    image: busybox:1.36
    command: [sh, -c, 'i=0; while true; do echo "count $i"; i=$((i+1)); sleep 1; done']
"""
NUMBERED = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: "registry.k8s.io/pause:3.10"}]}
"""
EVERYWHERE = """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: agent
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: c, image: "registry.k8s.io/pause:3.10"}]}
"""


def test_logs_are_read_and_followed(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=TALKER)
    kubectl("wait", "--for=condition=Ready", "pod/counter", "--timeout=30s")
    eventually(lambda: "count 1" in kubectl("logs", "counter"), 20)
    assert kubectl("logs", "counter").startswith("count 0\ncount 1\n")
    assert kubectl("logs", "counter", "--tail=1").count("count") == 1
    assert "Z count 0\n" in kubectl("logs", "counter", "--timestamps")
    assert kubectl("logs", "counter", "-c", "zz", ok=False) == "error: container zz is not valid for pod counter\n"
    assert 'previous terminated container "count" in pod "counter" not found' in kubectl(
        "logs", "counter", "--previous", ok=False
    )
    follow = subprocess.Popen(
        ["kubectl", "--kubeconfig", str(kubectl.folder / "config"), "logs", "-f", "--tail=1", "counter"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(kubectl.folder)},
    )
    with follow:
        try:
            assert follow.stdout is not None
            first, second, third = (int(follow.stdout.readline().split()[1]) for _ in range(3))
            assert (second, third) == (first + 1, first + 2)
        finally:
            follow.terminate()
    kubectl("delete", "pod", "counter", "--grace-period=1")


@pytest.mark.parametrize(
    ("manifest", "name", "done"),
    [
        pytest.param(NUMBERED, "statefulset/db", "partitioned roll out complete: 2 new pods", id="statefulset"),
        pytest.param(EVERYWHERE, "daemonset/agent", 'daemon set "agent" successfully rolled out', id="daemonset"),
    ],
)
def test_rollouts_of_other_workloads_go_forth_and_back(kubectl: Kubectl, manifest: str, name: str, done: str) -> None:
    kubectl("apply", "-f", "-", stdin=manifest)
    assert done in kubectl("rollout", "status", name, "--timeout=40s")
    kubectl("set", "image", name, "c=registry.k8s.io/pause:3.9")
    assert done in kubectl("rollout", "status", name, "--timeout=40s")
    assert rows(kubectl("rollout", "history", name))[-1][0] == "2"
    kubectl("rollout", "undo", name)
    assert done in kubectl("rollout", "status", name, "--timeout=40s")
    template = "jsonpath={.spec.template.spec.containers[0].image}"
    assert kubectl("get", name, "-o", template) == "registry.k8s.io/pause:3.10"
    assert "deleted" in kubectl("delete", name)


def test_a_job_is_asked_for_its_own_log(kubectl: Kubectl) -> None:
    kubectl("create", "job", "hello", "--image=busybox:1.36", "--", "sh", "-c", "echo hi")
    kubectl("wait", "--for=condition=complete", "job/hello", "--timeout=30s")
    assert kubectl("logs", "job/hello") == "hi\n"
    assert kubectl("logs", "-l", "job-name=hello") == "hi\n"
    assert "deleted" in kubectl("delete", "job", "hello")


def test_a_load_balancer_gets_an_address(kubectl: Kubectl) -> None:
    kubectl("create", "service", "loadbalancer", "front", "--tcp=80:80")
    address = "jsonpath={.status.loadBalancer.ingress[0].ip}"
    eventually(lambda: kubectl("get", "service", "front", "-o", address).startswith("203.0.113."), 20)
    assert "EnsuredLoadBalancer" in kubectl("describe", "service", "front")
    assert "deleted" in kubectl("delete", "service", "front")


def test_watch_follows_changes(kubectl: Kubectl) -> None:
    watch = subprocess.Popen(
        ["kubectl", "--kubeconfig", str(kubectl.folder / "config"), "--cache-dir", str(kubectl.folder / "cache"),
         "get", "configmaps", "-w", "--no-headers"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(kubectl.folder)},
    )  # fmt: skip
    names = [f"seen-{number}" for number in (1, 2, 3)]
    with watch:
        try:
            assert watch.stdout is not None
            for name in names:
                kubectl("create", "configmap", name, "--from-literal=a=1")
            seen: list[str] = []
            while names[-1] not in seen:
                line = watch.stdout.readline()
                assert line, "kubectl ended its watch"
                seen.append(line.split()[0])
            assert [name for name in seen if name in names] == names
        finally:
            watch.terminate()


def test_wrong_manifest_is_refused_by_its_field(kubectl: Kubectl) -> None:
    unknown = POD.replace("name: c\n", "name: c\n    bogus: 1\n")
    output = kubectl("apply", "-f", "-", stdin=unknown, ok=False)
    assert 'unknown field "spec.containers[0].bogus"' in output
    invalid = POD.replace("containerPort: 80", "containerPort: 99999")
    assert "spec.containers[0].ports[0].containerPort: Invalid value: 99999" in kubectl(
        "apply", "-f", "-", stdin=invalid, ok=False
    )


def test_unknown_kind_is_named(kubectl: Kubectl) -> None:
    typo = POD.replace("kind: Pod", "kind: Pd")
    assert 'no matches for kind "Pd" in version "v1"' in kubectl("apply", "-f", "-", stdin=typo, ok=False)


def test_server_side_apply_and_its_conflicts(kubectl: Kubectl) -> None:
    deployment = ("create", "deployment", "own", "--image=registry.k8s.io/pause:3.10", "--dry-run=client", "-o", "yaml")
    manifest = kubectl(*deployment)
    assert kubectl("apply", "--server-side", "-f", "-", stdin=manifest) == "deployment.apps/own serverside-applied\n"
    kubectl("scale", "deployment", "own", "--replicas=2")
    refused = kubectl("apply", "--server-side", "-f", "-", stdin=manifest, ok=False)
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in refused
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifest)
    assert kubectl("get", "deployment", "own", "-o", "jsonpath={.spec.replicas}") == "1"
    assert "deleted" in kubectl("delete", "deployment", "own")


def test_autoscale_speaks_the_older_version(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "busy", "--image=registry.k8s.io/pause:3.10")
    kubectl("autoscale", "deployment", "busy", "--max=4", "--cpu-percent=50")
    header, row = rows(kubectl("get", "hpa", "busy"))
    assert header == ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"]
    assert row[:2] == ["busy", "Deployment/busy"]
    assert "50%" in row[3]
    assert "deleted" in kubectl("delete", "deployment,hpa", "busy")


def test_body_over_the_limit_is_refused_at_the_socket(kubectl: Kubectl) -> None:
    import base64

    import yaml

    config = yaml.safe_load((kubectl.folder / "config").read_text())
    authority = kubectl.folder / "authority"
    authority.write_bytes(base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {config['users'][0]['user']['token']}"
    url = f"{config['clusters'][0]['cluster']['server']}/api/v1/namespaces/default/configmaps"
    started = time.monotonic()
    for body in (b" " * (4 * 1024 * 1024), iter([b" " * 65536] * 64)):
        reply = session.post(
            url, data=body, headers={"Content-Type": "application/json"}, verify=str(authority), timeout=30
        )
        assert reply.status_code == 413
        assert reply.json()["reason"] == "RequestEntityTooLarge"
    assert time.monotonic() - started < 20
