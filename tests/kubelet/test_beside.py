"""What a container's process and the commands beside it find: variables, files, programs; and what is refused or told."""

import pytest

from core.kube.podlogs import LogOptions
from core.kubelet.serving import container_id, read_log
from tests.kubelet.pods import container, events, make_pod, messages, ready, sh, status
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

NEVER = {"restartPolicy": "Never"}


def printed(world: World, name: str = "web") -> list[str]:
    pod = world.get("pods", "default", name)
    disk = world.host.disks["worker-1"]
    return read_log(disk, container_id(pod, pod["spec"]["containers"][0]["name"]), LogOptions(), world.now).text.split(
        "\n"
    )


def played(**more) -> World:
    world = World(workers=1)
    world.create("pods", make_pod(**more))
    world.run(8)
    return world


@pytest.mark.parametrize(
    ("image", "command", "code", "words"),
    [
        pytest.param("busybox", ["notexist"], 128, 'exec: "notexist": executable file not found in $PATH', id="name"),
        pytest.param("nginx", ["/bin/nosuch"], 128, 'exec: "/bin/nosuch": stat /bin/nosuch: no such file', id="path"),
        pytest.param("busybox", ["sleeep", "1000"], 128, 'exec: "sleeep"', id="typo"),
        pytest.param("registry.k8s.io/pause:3.10", sh("echo a"), 128, 'exec: "sh"', id="image-without-a-shell"),
    ],
)
def test_program_that_the_image_lacks_cannot_be_started(image: str, command: list[str], code: int, words: str) -> None:
    world = played(image=image, command=command, spec=NEVER)
    ended = container(world)["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"], status(world)["phase"]) == (code, "StartError", "Failed")
    assert words in ended["message"]
    assert any(text.startswith("Error: failed to create containerd task") for text in messages(world))
    assert "Started" not in events(world)


def test_arguments_pass_through_the_entry_point() -> None:
    world = played(image="nginx:1.27", args=sh("echo out; exit 3"), spec=NEVER)
    assert container(world)["state"]["terminated"]["exitCode"] == 3
    assert printed(world) == ["out", ""]


def test_environment_is_printed_whole() -> None:
    world = played(image="busybox", command=["printenv"], env=[{"name": "FOO", "value": "x y"}], spec=NEVER)
    lines = printed(world)
    assert {"FOO=x y", "HOSTNAME=web", "HOME=/root", "KUBERNETES_SERVICE_PORT=443"} <= set(lines)


def test_api_server_is_known_in_every_namespace() -> None:
    world = World(workers=1)
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    world.run(1)
    pod = make_pod(image="busybox", command=sh('test -n "$KUBERNETES_SERVICE_HOST"'), spec=NEVER)
    pod["metadata"]["namespace"] = "other"
    pod["spec"]["enableServiceLinks"] = False
    world.create("pods", pod)
    world.run(2)
    assert world.get("pods", "other", "web")["status"]["phase"] == "Succeeded"


def test_exec_probe_sees_the_container_s_variables() -> None:
    probe = {"exec": {"command": sh('test -n "$FOO"')}, "periodSeconds": 2, "failureThreshold": 1}
    world = played(env=[{"name": "FOO", "value": "x"}], livenessProbe=probe, readinessProbe=probe)
    world.run(30)
    assert (ready(world), container(world)["restartCount"]) == (True, 0)


def test_exec_probe_sees_what_post_start_wrote() -> None:
    hook = {"postStart": {"exec": {"command": sh("echo hi > /tmp/started")}}}
    probe = {"exec": {"command": ["cat", "/tmp/started"]}, "periodSeconds": 2}
    assert ready(played(lifecycle=hook, readinessProbe=probe))


def test_failing_post_start_hook_kills_the_container() -> None:
    world = played(lifecycle={"postStart": {"exec": {"command": sh("exit 9")}}})
    assert {"FailedPostStartHook", "Killing"} <= set(events(world))
    assert container(world)["restartCount"] > 0
    assert "PostStartHook failed" in messages(world)


@pytest.mark.parametrize(
    ("script", "more", "message"),
    [
        pytest.param("echo bye > /dev/termination-log; exit 4", {}, "bye\n", id="file"),
        pytest.param("echo ok > /x; exit 0", {"terminationMessagePath": "/x"}, "ok\n", id="path"),
        pytest.param(
            "echo a; echo b; exit 1", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "a\nb\n", id="log-on-error"
        ),
        pytest.param("echo a", {"terminationMessagePolicy": "FallbackToLogsOnError"}, None, id="no-log-on-success"),
        pytest.param("echo a; exit 1", {}, None, id="none"),
    ],
)
def test_termination_message_is_told(script: str, more: dict, message: str | None) -> None:
    world = played(image="busybox", command=sh(script), spec=NEVER, **more)
    assert container(world)["state"]["terminated"].get("message") == message


@pytest.mark.parametrize(
    ("image", "context", "why"),
    [
        pytest.param(
            "nginx", {"runAsNonRoot": True}, "container has runAsNonRoot and image will run as root", id="root"
        ),
        pytest.param(
            "busybox",
            {"runAsNonRoot": True, "runAsUser": 0},
            "container's runAsUser breaks non-root policy",
            id="root-asked-for",
        ),
        pytest.param("busybox", {"runAsNonRoot": True, "runAsUser": 1000}, None, id="somebody"),
        pytest.param("registry.k8s.io/pause:3.10", {"runAsNonRoot": True}, None, id="user-of-the-image"),
    ],
)
def test_container_must_not_run_as_root_if_it_says_so(image: str, context: dict, why: str | None) -> None:
    world = played(image=image, command=["/pause"] if "pause" in image else ["sleep", "60"], securityContext=context)
    if why is None:
        assert ready(world)
        return
    waiting = container(world)["state"]["waiting"]
    assert waiting["reason"] == "CreateContainerConfigError"
    assert waiting["message"].startswith(why)
    assert any(text.startswith(f"Error: {why}") for text in messages(world))


@pytest.mark.parametrize(
    ("more", "reason", "words"),
    [
        pytest.param(
            {"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "p/a.json"}}},
            "CreateContainerError",
            'cannot load seccomp profile "/var/lib/kubelet/seccomp/p/a.json": open /var/lib/kubelet/seccomp/',
            id="seccomp",
        ),
        pytest.param(
            {"securityContext": {"appArmorProfile": {"type": "Localhost", "localhostProfile": "deny"}}},
            "CreateContainerError",
            "apparmor profile not found deny",
            id="apparmor",
        ),
        *(
            pytest.param(
                {
                    "env": [{"name": "X", "value": value}],
                    "volumeMounts": [{"name": "v", "mountPath": "/v", "subPathExpr": expression}],
                    "spec": {"volumes": [{"name": "v", "emptyDir": {}}]},
                },
                "CreateContainerConfigError",
                words,
                id=name,
            )
            for name, value, expression, words in (
                ("absolute", "/tmp", "$(X)", "error SubPath `/tmp` must not be an absolute path"),
                ("upwards", "..", "$(X)", "unable to provision SubPath `..`: must not contain '..'"),
                ("missing", "a", "$(Y)", 'missing value for "Y"'),
            )
        ),
    ],
)
def test_container_that_cannot_be_created_says_why(more: dict, reason: str, words: str) -> None:
    world = played(**more)
    waiting = container(world)["state"]["waiting"]
    assert waiting["reason"] == reason
    assert words in waiting["message"]
    assert any(words in text for text in messages(world) if text.startswith("Error: "))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        pytest.param(
            {"image": "python:3.12", "command": ["python3", "-c", "sys.exit(1)"]},
            "The script is beyond",
            id="interpreter",
        ),
        pytest.param({"image": "python:3.12", "command": ["gunicorn"]}, "The program gunicorn is not", id="program"),
        pytest.param({"image": "busybox", "command": sh("cat /etc/hosts")}, "(/etc/hosts)", id="file-of-the-node"),
        pytest.param({"readinessProbe": {"exec": {"command": ["redis-cli"]}}}, "of the readiness probe", id="probe"),
        pytest.param({"lifecycle": {"preStop": {"exec": {"command": ["nginx", "-s", "quit"]}}}}, "preStop", id="hook"),
    ],
)
def test_what_is_not_simulated_is_told(more: dict, told: str) -> None:
    found = [text for text in messages(played(**more)) if "simulated" in text]
    assert len(found) == 1
    assert told in found[0]


def test_files_of_a_volume_are_not_guessed() -> None:
    volume = {"volumes": [{"name": "v", "emptyDir": {}}]}
    mounts = [{"name": "v", "mountPath": "/data"}]
    world = played(image="busybox", command=sh("cat /data/key"), volumeMounts=mounts, spec=volume | NEVER)
    assert "NotSimulated" in events(world)
    assert status(world)["phase"] == "Succeeded"


def test_read_only_root_is_not_written_to() -> None:
    context = {"readOnlyRootFilesystem": True}
    world = played(image="busybox", command=sh("touch /x && echo wrote"), securityContext=context, spec=NEVER)
    assert container(world)["state"]["terminated"]["exitCode"] == 1
    assert printed(world) == ["touch: /x: Read-only file system", ""]


def test_random_numbers_stay_what_they_were() -> None:
    world = played(image="busybox", command=sh("echo $RANDOM; exit $((RANDOM % 2))"), spec=NEVER)
    assert printed(world) == printed(world)
    assert printed(world)[0].isdecimal()


@pytest.mark.parametrize(
    "command",
    [[""], ["sh", "-c", ""], ["sh", "-c"], ["sh", "-c", "("], ["sh", "-c", "if " * 3000], ["sleep", "1e999"], ["é"]],
    ids=lambda command: " ".join(command)[:12],
)
def test_no_command_stops_the_kubelet(command: list[str]) -> None:
    world = World(workers=1)
    probe = {"exec": {"command": command}}
    world.create("pods", make_pod("odd", image="busybox", command=command))
    world.create("pods", make_pod("probed", readinessProbe=probe, lifecycle={"preStop": probe, "postStart": probe}))
    world.run(3)
    world.create("pods", make_pod())
    world.run(3)
    assert ready(world)
