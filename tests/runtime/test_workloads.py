"""What processes do: from image, command and annotations to a behaviour."""

import pytest

from core.runtime.images import resolve
from core.runtime.workloads import behaviour, settings_of
from core.runtime.world import World


def does(image: str, *command: str, **more):
    return behaviour(resolve(image), tuple(command), (), **more)


@pytest.mark.parametrize(
    ("image", "command", "more", "ends_after", "code"),
    [
        pytest.param("nginx", (), {}, None, 0, id="server-stays-up"),
        pytest.param("busybox", (), {}, 0.0, 0, id="bare-shell-ends"),
        pytest.param("busybox", ("sh",), {"stdin": True}, None, 0, id="shell-with-input-waits"),
        pytest.param("busybox", ("sleep", "5"), {}, 5.0, 0, id="sleep"),
        pytest.param("hello-world", (), {}, 0, 0, id="hello-world"),
        pytest.param("python", ("python", "app.py"), {}, None, 0, id="unknown-stays-up"),
        pytest.param("python", ("python", "job.py"), {"completes": True}, 5.0, 0, id="unknown-job-completes"),
        pytest.param("nginx", (), {"completes": True}, None, 0, id="own-program-stays-up-in-a-job"),
        pytest.param("perl:5.34.0", ("perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"), {}, 5, 0, id="pi"),
        pytest.param("acme/migrate:1", (), {"completes": True}, 5.0, 0, id="unknown-image-completes"),
        pytest.param("acme/migrate:1", ("migrate", "up"), {"completes": True}, 5.0, 0, id="named-like-its-image"),
        pytest.param("acme/migrate:1", ("/migrate",), {"completes": True}, 5.0, 0, id="path-named-like-its-image"),
        pytest.param("acme/migrate:1", (), {}, None, 0, id="unknown-image-stays-up"),
        pytest.param("acme/migrate:1", ("migrate",), {}, None, 0, id="unknown-image-named-stays-up"),
        pytest.param("fluentd:v1.16", (), {"completes": True}, 5.0, 0, id="official-image-of-unknown-content"),
        pytest.param("python:3.12", (), {}, 0, 0, id="interpreter-without-a-script"),
        pytest.param("mysql", (), {}, 1.0, 1, id="mysql-without-password"),
        pytest.param(
            "mysql", (), {"world": World(env=(("MYSQL_ROOT_PASSWORD", "x"),))}, None, 0, id="mysql-with-password"
        ),
        pytest.param("redis", ("redis-server", "--appendonly", "yes"), {}, None, 0, id="own-program-with-arguments"),
        pytest.param(
            "busybox", ("sh", "-c", "nslookup db | grep x"), {"completes": True}, 5.0, 0, id="script-beyond-us"
        ),
    ],
)
def test_when_and_how_it_ends(image: str, command: tuple, more: dict, ends_after: float | None, code: int) -> None:
    found = does(image, *command, **more)
    assert (found.ends_after, found.code) == (ends_after, code)


def test_arguments_of_an_unknown_image_complete_too() -> None:
    found = behaviour(resolve("alpine/git:latest"), (), ("clone", "https://x/y", "/d"), completes=True)
    assert (found.ends_after, found.code) == (5.0, 0)


@pytest.mark.parametrize(
    ("image", "port", "answers"),
    [
        ("nginx", 80, True),
        ("nginx", 8080, False),
        ("redis", 6379, True),
        ("busybox", 80, False),
        ("me/app", 1234, True),
    ],
)
def test_who_listens_where(image: str, port: int, answers: bool) -> None:
    assert does(image).serves(1.0, port) is answers


def test_settings_of_one_container_go_before_those_of_the_pod() -> None:
    annotations = {
        "cluster-viz.dev/exit-after": "5",
        "cluster-viz.dev/web.exit-after": "9",
        "cluster-viz.dev/exit-code": "x",
    }
    assert settings_of(annotations, "web") == {"exit-after": 9.0}
    assert settings_of(annotations, "other") == {"exit-after": 5.0}


def test_memory_limit_below_need_kills_at_once() -> None:
    found = does("mongo", memory_limit=64 * 2**20)
    assert (found.ends_after, found.code, found.reason) == (1.0, 137, "OOMKilled")


@pytest.mark.parametrize(
    ("image", "command", "reason"),
    [
        ("polinux/stress", ("stress", "--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"), "OOMKilled"),
        ("polinux/stress", ("stress", "--vm", "1", "--vm-bytes", "50M", "--vm-hang", "1"), ""),
        ("vish/stress", ("/stress", "-mem-total", "150Mi"), "OOMKilled"),
        ("vish/stress", ("/stress", "-cpus", "2"), ""),
        ("polinux/stress", ("stress", "--vm-bytes", "much"), ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_stress_takes_the_memory_it_is_told_to(image: str, command: tuple, reason: str) -> None:
    assert does(image, *command, memory_limit=100 * 2**20).reason == reason


def test_a_command_beside_the_process_says_what_went_wrong() -> None:
    found = does("busybox", "sh", "-c", "touch /tmp/healthy; sleep 30; rm /tmp/healthy; sleep 600")
    assert found.executes(("cat", "/tmp/healthy"), 5.0).ok
    assert found.executes(("cat", "/tmp/healthy"), 35.0) == (
        False,
        "cat: can't open '/tmp/healthy': No such file or directory",
    )
    assert found.executes(("sleep", "5"), 5.0, timeout=1.0) == (False, 'command "sleep 5" timed out')


def test_health_of_what_is_not_understood_is_asked_for() -> None:
    found = does("redis", settings={"unhealthy-after": 10.0})
    assert found.executes(("redis-cli", "ping"), 5.0).ok
    assert not found.executes(("redis-cli", "ping"), 15.0).ok
