"""Snapshots, cgroups, `config.json`, system calls, usage and logs: what is computed from a container's record."""

import pytest

from core.kubelet.inspection import inspect
from core.runtime.cgroups import Limits
from core.runtime.cri import Runtime, State, behaviour_of, kill_pod, state_of
from core.runtime.disk import Disk
from core.runtime.logs import NoSuchContainer, logs
from core.runtime.snapshots import View, chain_ids
from core.runtime.stats import usage

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "default", "uid": "c12c38f5-ceae-44dd-8ba2-574dd400a6f4"},
    "spec": {
        "nodeName": "worker-1",
        "securityContext": {"runAsUser": 1000, "fsGroup": 2000, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "c",
                "image": "nginx:1.27",
                "args": ["nginx", "-g", "pid $(HERE);"],
                "env": [{"name": "HERE", "value": "/tmp/x"}],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "64Mi"},
                    "limits": {"cpu": "200m", "memory": "128Mi"},
                },
                "securityContext": {
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                    "allowPrivilegeEscalation": False,
                },
                "volumeMounts": [{"name": "v", "mountPath": "/data", "readOnly": True}],
            }
        ],
    },
}


@pytest.fixture
def disk() -> Disk:
    disk = Disk("worker-1")
    node = Runtime(disk, "instant", lambda *_: None)
    node.pull_image("nginx:1.27", 0.0)
    sandbox = node.run_pod_sandbox("default/web", POD["metadata"]["uid"], "10.244.1.2", 0.0, {})
    record = node.create_container(
        sandbox, "c", 0, "nginx:1.27", 0.0, args=("nginx", "-g", "pid /tmp/x;"), notes={"backoff": 0}
    )
    node.start_container(record, behaviour_of(record), 0.0)
    return disk


def test_config_json_is_what_image_and_pod_make_of_it(disk: Disk) -> None:
    config = inspect(POD, "c", disk, 1.0, lambda resource, name: None)["config"]
    process, linux = config["process"], config["linux"]
    assert process["args"] == ["/docker-entrypoint.sh", "nginx", "-g", "pid /tmp/x;"], (
        "args replace CMD, ENTRYPOINT stays"
    )
    assert process["user"] == {"uid": 1000, "gid": 0, "additionalGids": [2000]}
    assert process["noNewPrivileges"] is True
    assert process["capabilities"]["bounding"] == ["CAP_NET_BIND_SERVICE"]
    assert {"PATH", "NGINX_VERSION", "HERE", "HOSTNAME"} <= {entry.partition("=")[0] for entry in process["env"]}
    assert {namespace["type"] for namespace in linux["namespaces"]} == {
        "mount",
        "cgroup",
        "network",
        "ipc",
        "uts",
        "pid",
    }
    assert linux["resources"]["memory"]["limit"] == 128 << 20
    assert linux["resources"]["cpu"] == {"shares": 102, "period": 100_000, "quota": 20_000}
    assert linux["cgroupsPath"].startswith(
        "kubepods-burstable-podc12c38f5_ceae_44dd_8ba2_574dd400a6f4.slice:cri-containerd:"
    )
    assert linux["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    assert config["mounts"][-1]["options"] == ["rbind", "rprivate", "ro"]


def test_system_calls_follow_the_config(disk: Disk) -> None:
    seen = inspect(POD, "c", disk, 1.0, lambda resource, name: None)["syscalls"]
    names = [call["call"].partition("(")[0] for call in seen]
    order = ["clone3", "setns", "unshare", "pivot_root", "prctl", "capset", "seccomp", "execve"]
    assert [names.index(name) for name in order] == sorted(names.index(name) for name in order)
    assert seen[-1]["step"] == "start"
    assert all(call["purpose"] for call in seen)


def test_no_filter_and_no_network_namespace_when_none_was_asked_for(disk: Disk) -> None:
    spec = {**POD["spec"], "securityContext": {}, "hostNetwork": True}
    seen = inspect({**POD, "spec": spec}, "c", disk, 1.0, lambda resource, name: None)["syscalls"]
    assert not any(call["call"].startswith("seccomp") or "CLONE_NEWNET" in call["call"] for call in seen)


@pytest.mark.parametrize(
    ("limits", "files"),
    [
        pytest.param(Limits(), {"cpu.max": "max 100000", "cpu.weight": "1", "memory.max": "max"}, id="best-effort"),
        pytest.param(Limits(cpu_request=1000), {"cpu.max": "max 100000", "cpu.weight": "39"}, id="one-cpu-asked-for"),
        pytest.param(
            Limits(500, 1500, 0, 1 << 30),
            {"cpu.max": "150000 100000", "cpu.weight": "20", "memory.max": "1073741824"},
            id="limits",
        ),
    ],
)
def test_cgroup_files(limits: Limits, files: dict) -> None:
    assert files.items() <= limits.files().items()


def test_writing_copies_up_and_deleting_leaves_a_whiteout() -> None:
    view = View([{"/etc/a": "base"}, {"/etc/b": "middle"}])
    assert view.append("/etc/a", "+") is True
    assert view.append("/etc/a", "+") is False
    assert view.read("/etc/a") == "base++"
    assert view.layers[0]["/etc/a"] == "base"
    view.write("/tmp/new", "x")
    view.delete("/etc/b")
    view.delete("/tmp/new")
    assert view.upper == {"/etc/a": "base++", "/etc/b": None}
    assert view.paths() == ["/etc/a"]


def test_images_on_one_base_share_its_chain() -> None:
    one, other = chain_ids(["sha256:a", "sha256:b"]), chain_ids(["sha256:a", "sha256:c"])
    assert one[0] == other[0]
    assert one[1] != other[1]


def test_usage_repeats_and_ends_with_the_process(disk: Disk) -> None:
    (record,) = disk.all("container")
    does = behaviour_of(record)
    assert usage(record, does, 60.0) == usage(record, does, 60.0)
    assert usage(record, does, 60.0).memory_bytes == 9 << 20
    kill_pod(disk, POD["metadata"]["uid"], 61.0)
    (record,) = disk.all("container")
    assert usage(record, does, 62.0).memory_bytes == 0


def test_logs_are_what_was_printed_by_now(disk: Disk) -> None:
    node = Runtime(disk, "instant", lambda *_: None)
    (sandbox,) = disk.all("sandbox")
    node.pull_image("busybox", 0.0)
    script = ("sh", "-c", "while true; do echo tick; sleep 10; done")
    record = node.create_container(sandbox, "b", 0, "busybox", 0.0, command=script, notes={"backoff": 0})
    node.start_container(record, behaviour_of(record), 0.0)
    assert logs(disk, record["id"], 25.0) == "tick\n" * 3
    assert logs(disk, record["id"], 25.0, tail=1, timestamps=True) == "1970-01-01T00:00:20.000000Z tick\n"
    node.remove_container(record)
    with pytest.raises(NoSuchContainer):
        logs(disk, record["id"], 25.0)


def test_record_of_a_container_is_small(disk: Disk) -> None:
    import orjson

    assert all(len(orjson.dumps(record)) < 1024 for record in disk.all("container"))


def test_what_ran_under_an_older_boot_is_dead(disk: Disk) -> None:
    disk.boot += 1
    Runtime(disk, "instant", lambda *_: None).recover(50.0)
    (record,) = disk.all("container")
    assert state_of(record, 50.0) is State.EXITED
    assert (record["code"], record["reason"]) == (255, "Unknown")
    (sandbox,) = disk.all("sandbox")
    assert sandbox["stopped_at"] == 50.0


def test_disk_finds_a_pod_s_records_and_forgets_removed_ones() -> None:
    disk = Disk("worker-1")
    disk.records["container"]["old"] = {"pod": "default/a", "id": "old"}  # as the engine loads them
    assert [record["id"] for record in disk.of_pod("container", "default/a")] == ["old"]
    disk.put("container", "new", {"pod": "default/a", "id": "new"})
    disk.put("container", "other", {"pod": "default/b", "id": "other"})
    disk.delete("container", "old")
    assert [record["id"] for record in disk.of_pod("container", "default/a")] == ["new"]
    assert disk.take_changes().keys() == {("container", "new"), ("container", "other"), ("container", "old")}
