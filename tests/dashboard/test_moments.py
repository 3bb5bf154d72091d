"""Moments in which the picture once said what was not so, in a browser beside the whole running machine."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.machine import Machine, eventually

pytestmark = pytest.mark.slow

NAME = "moments"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with Machine("--no-demo") as started:
        started.manage("cluster", "create", NAME, "--members", "3", "--workers", "2")
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def page(machine: Machine, browser: Browser) -> Iterator[Page]:
    """The stage, live, over a group that is whole; whole again afterwards."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"http://127.0.0.1:{machine.port}/clusters/{NAME}/")
    expect(page.locator("body")).to_have_attribute("data-link", "live", timeout=15_000)
    yield page
    page.close()
    for member in etcd(machine)["members"]:
        if member["state"] != "running":
            fault(machine, "restart", member["name"])
    eventually(lambda: leader(machine), 30)
    assert not problems


def url(machine: Machine, rest: str) -> str:
    return f"http://127.0.0.1:{machine.port}/api/clusters/{NAME}/{rest}"


def etcd(machine: Machine) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(url(machine, "status"), timeout=10).json()["etcd"]
    return found


def leader(machine: Machine) -> str | None:
    """Who leads and lives."""
    found = etcd(machine)
    alive = {member["name"] for member in found["members"] if member["state"] == "running"}
    name: str | None = found["leader"]
    return name if name in alive else None


def fault(machine: Machine, verb: str, target: str) -> None:
    requests.post(url(machine, "faults"), json={"verb": verb, "target": target}, timeout=10).raise_for_status()


@pytest.mark.parametrize("gap", [0.3, 1.0, 2.0])
def test_a_quorum_lost_while_an_election_is_told_is_seen_to_be_lost(machine: Machine, page: Page, gap: float) -> None:
    first = eventually(lambda: leader(machine), 30)
    fault(machine, "kill", first)
    second = eventually(lambda: leader(machine), 30)
    time.sleep(gap)  # what is tried is how long after the election the second kill comes
    fault(machine, "kill", second)
    expect(page.locator("#quorum")).to_contain_text("1 of 3 alive: writes stop, 2 are needed", timeout=15_000)
    expect(page.locator("#faults")).to_contain_text("Broken · 2", timeout=15_000)
    expect(page.locator("#picture .member.down")).to_have_count(2, timeout=15_000)
    expect(page.locator("#picture .member.leader")).to_have_count(0, timeout=15_000)
    expect(page.locator("#picture")).to_contain_text("no leader")


def test_one_write_that_waits_is_one_open_row_and_is_answered_once(
    machine: Machine, page: Page, tmp_path: Path
) -> None:
    machine.manage("kubeconfig", NAME, "--output", str(tmp_path / "config"))
    for member in ("etcd-0", "etcd-1"):
        fault(machine, "kill", member)
    expect(page.locator("#quorum")).to_contain_text("writes stop", timeout=15_000)
    began = time.monotonic()
    command = [
        "kubectl",
        "--kubeconfig",
        str(tmp_path / "config"),
        "create",
        "configmap",
        "waits",
        "--from-literal=a=b",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as kubectl:
        page.locator('#picture [data-inspect="apiserver/"]').click()
        rows = page.locator("#inspector tr", has_text="configmaps")
        expect(rows).to_contain_text(re.compile(r"waits for etcd, \d\.\d of 7 s"), timeout=6_000)
        expect(rows).to_have_count(1)
        said, _ = kubectl.communicate(timeout=30)
    assert "etcdserver: request timed out" in said
    assert time.monotonic() - began > 6.5
    expect(rows).to_contain_text(re.compile(r"answered after 7\.\d s"), timeout=6_000)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("500")


def test_a_frozen_server_is_noticed_and_no_time_passes_in_the_picture(machine: Machine, page: Page) -> None:
    expect(page.locator("#timeline")).to_contain_text("LIVE")
    web = machine.children()["web"]
    os.kill(web, signal.SIGSTOP)
    try:
        expect(page.locator("body")).to_have_attribute("data-link", "silent", timeout=15_000)
        expect(page.locator("#timeline")).to_contain_text("AS IT WAS")
        expect(page.locator(".veil.silent")).to_be_visible()
        before = page.locator("#clock").inner_text()
        page.wait_for_timeout(1500)
        assert page.locator("#clock").inner_text() == before
    finally:
        os.kill(web, signal.SIGCONT)
    expect(page.locator("body")).to_have_attribute("data-link", "live", timeout=30_000)
    expect(page.locator("#timeline")).to_contain_text("LIVE")
    expect(page.locator("#clock")).not_to_have_text(before)
