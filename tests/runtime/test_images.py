"""References, the catalogue and pulls."""

import pytest

from core.runtime.cri import Runtime, progress
from core.runtime.disk import Disk
from core.runtime.images import PullError, _catalogue, resolve
from core.runtime.references import BadReference, parse_reference

DIGEST = "sha256:" + "ab" * 32


def runtime(profile: str = "classroom") -> Runtime:
    return Runtime(Disk("worker-1"), profile, lambda *_: None)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
        ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        ("localhost/app:v1", "localhost/app:v1"),
        (f"busybox:1.38.0@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
    ],
)
def test_reference_in_full(text: str, full: str) -> None:
    assert str(parse_reference(text)) == full


@pytest.mark.parametrize("text", ["", "Nginx", "a b", "nginx:", "nginx:a:b", "nginx@sha256:12", "-x", "a//b"])
def test_text_that_names_no_image(text: str) -> None:
    with pytest.raises(BadReference):
        parse_reference(text)


@pytest.mark.parametrize(
    "image",
    [
        "nginx",
        "nginx:1.14.2",
        "nginx:1.27-alpine",
        "redis:alpine",
        "registry.k8s.io/redis:e2e",
        "gcr.io/google_samples/gb-frontend:v4",
        "gcr.io/google_samples/gb-redisslave:v1",
        "gcr.io/google-samples/cassandra:v14",
        "registry.k8s.io/pause:3.10",
        "perl:5.34.0",
        "mysql:5.6",
        f"busybox:1.38.0@{DIGEST}",
        "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo/adservice:v0.10.6",
        "someone/anything:v7",
        "fluentd:v1.16",
        "fedora",
        "centos:7",
        "amazonlinux:2023",
        "phpmyadmin",
        "jenkins:2.60.3",
        "kibana:8.17.0",
        "docker.io/library/maven:3-eclipse-temurin-21",
    ],
)
def test_image_that_exists(image: str) -> None:
    found = resolve(image)
    assert found is resolve(image)
    assert found.layers
    assert found.id.count("@sha256:") == 1


@pytest.mark.parametrize(
    "image",
    [
        *("ngnix", "nginx:9.99", "nginx:1.161", "postgress", "redis:latests", "registry.k8s.io/pause:x"),
        *("fedoras", "docker.io/library/fluent", "index.docker.io/library/ngnix", "kibana", "scratch"),
    ],
)
def test_image_that_does_not_exist(image: str) -> None:
    with pytest.raises(PullError) as failure:
        resolve(image)
    assert failure.value.reason == "ErrImagePull"
    assert "failed to pull and unpack image" in failure.value.message


def test_a_misspelt_name_is_denied_and_a_missing_tag_not_found() -> None:
    for image, words in (("ngnix", "pull access denied"), ("kibana", "docker.io/library/kibana:latest: not found")):
        with pytest.raises(PullError) as failure:
            resolve(image)
        assert words in failure.value.message


def test_no_official_name_is_in_the_catalogue_twice() -> None:
    names = _catalogue()["official"]["names"]
    assert len(names) == len(set(names)) > 120
    assert [name for name in names if f"docker.io/library/{name}" in _catalogue()["images"]] == []


def test_every_image_of_the_catalogue_can_be_built() -> None:
    for name, entry in _catalogue()["images"].items():
        if "names" in entry:
            assert resolve(f"{name}:{entry['names'][0]}").size > 0


def test_images_on_one_base_share_its_layer() -> None:
    assert resolve("nginx:1.27").layers[0] == resolve("redis:7").layers[0]
    assert resolve("nginx:1.27").layers[1] != resolve("nginx:1.26").layers[1]


def test_only_absent_layers_are_pulled() -> None:
    node = runtime()
    first = node.pull_image("nginx:1.27", 0.0)
    second = node.pull_image("redis:7", 100.0)
    assert first["layers"][0][0] == second["layers"][0][0]
    base = {digest: fraction for digest, _, fraction in progress(second, 100.0)}
    assert base[second["layers"][0][0]] == 1.0
    assert second["done_at"] - 100.0 < first["done_at"]


def test_two_pods_share_one_pull() -> None:
    node = runtime()
    assert node.pull_image("nginx", 0.0) is node.pull_image("nginx", 1.0)


def test_pull_progresses_layer_by_layer() -> None:
    node = runtime()
    image = node.pull_image("nginx:1.27", 0.0)
    assert all(fraction < 1 for _, _, fraction in progress(image, 0.0))
    middle = [fraction for _, _, fraction in progress(image, image["done_at"] / 2)]
    assert middle == sorted(middle, reverse=True)
    assert 0 < sum(middle) < len(middle)
    assert all(fraction == 1 for _, _, fraction in progress(image, image["done_at"]))
    assert node.image_status("nginx:1.27", image["done_at"] - 0.01) is None
    assert node.image_status("nginx:1.27", image["done_at"])


def test_classroom_pull_takes_about_two_and_a_half_seconds() -> None:
    assert 2.0 < runtime().pull_image("nginx:1.27", 0.0)["done_at"] < 3.0


def test_instant_pull_takes_no_time() -> None:
    assert runtime("instant").pull_image("nginx:1.27", 7.0)["done_at"] == 7.0
