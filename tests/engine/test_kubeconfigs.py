"""The kubeconfig that is there with its cluster: written, left alone, renewed, removed."""

import hashlib
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.apiserver.http.certificates import FOLDER as PKI
from core.engine import clusters, kubeconfigs
from core.models import ApiToken, Cluster

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path / "it's a folder"
    return settings.DATA_DIR


@pytest.fixture
def cluster(data: Path) -> Cluster:
    return clusters.create("lab", members=1, workers=0, profile="instant")


def config() -> dict[str, Any]:
    return yaml.safe_load(kubeconfigs.path_of("lab").read_text())


def token() -> str:
    return config()["users"][0]["user"]["token"]


def test_created_cluster_has_a_private_file_that_leads_to_it(cluster: Cluster, settings: Any):
    path = kubeconfigs.path_of("lab")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert config()["clusters"][0]["cluster"]["server"] == f"https://127.0.0.1:{settings.API_PORT}/clusters/lab"
    row = ApiToken.objects.get(digest=hashlib.sha256(token().encode()).hexdigest())
    assert (row.cluster, row.username, row.groups) == (cluster, "kubernetes-admin", ["system:masters"])


def test_line_to_copy_survives_any_folder(cluster: Cluster):
    assert shlex.split(kubeconfigs.export_line("lab")) == ["export", f"KUBECONFIG={kubeconfigs.path_of('lab')}"]


def test_file_goes_with_its_cluster(cluster: Cluster):
    clusters.delete(cluster)
    assert not kubeconfigs.path_of("lab").exists()


def test_right_file_is_left_alone_with_what_kubectl_wrote_into_it(cluster: Cluster):
    changed = config()
    changed["contexts"][0]["context"]["namespace"] = "mine"
    kubeconfigs.path_of("lab").write_text(yaml.safe_dump(changed))
    kubeconfigs.keep_all()
    assert config() == changed
    assert ApiToken.objects.count() == 1


def test_another_port_is_written_and_the_token_kept(cluster: Cluster, settings: Any):
    before = token()
    settings.API_PORT = 7777
    kubeconfigs.keep_all()
    assert config()["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:7777/clusters/lab"
    assert token() == before


def test_another_authority_is_written(cluster: Cluster, data: Path):
    before = config()["clusters"][0]["cluster"]["certificate-authority-data"]
    for file in (data / PKI).iterdir():
        file.unlink()
    kubeconfigs.keep_all()
    assert config()["clusters"][0]["cluster"]["certificate-authority-data"] != before


def test_token_that_ends_soon_is_replaced(cluster: Cluster):
    before = token()
    row = ApiToken.objects.get()
    row.expires -= kubeconfigs.LIFETIME - kubeconfigs.RENEW + 60
    row.save()
    kubeconfigs.keep_all()
    assert token() != before


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "a: b", "clusters: 1", "clusters: [1]\nusers: {}", "users: [{user: {token: [x]}}]", "\x00", None],
)
def test_file_that_says_nothing_is_written_anew(cluster: Cluster, text: str | None):
    if text is None:
        kubeconfigs.path_of("lab").unlink()
    else:
        kubeconfigs.path_of("lab").write_text(text)
    kubeconfigs.keep_all()
    assert config()["current-context"] == "admin@lab"


def test_file_of_a_cluster_that_is_gone_goes_at_the_next_start(cluster: Cluster):
    stray = kubeconfigs.path_of("before")
    stray.write_text("")
    kubeconfigs.keep_all()
    assert not stray.exists()
    assert kubeconfigs.path_of("lab").exists()


def test_cluster_is_made_even_if_its_file_cannot_be(data: Path, caplog: pytest.LogCaptureFixture):
    data.mkdir()
    (data / kubeconfigs.FOLDER).write_text("in the way")
    assert clusters.create("lab", members=1, workers=0, profile="instant").pk
    assert "the kubeconfig of lab cannot be written" in caplog.text


@pytest.mark.parametrize("name", ["..", "../../x", "a/b"])
def test_no_name_leads_out_of_the_folder(data: Path, name: str):
    assert kubeconfigs.path_of(name).resolve().parent == (data / kubeconfigs.FOLDER).resolve()
