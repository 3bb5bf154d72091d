"""A person at the stage of the whole running machine: look inside, kill the leader, watch who takes over."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.machine import Machine, eventually

pytestmark = pytest.mark.slow

NAMES = """() => [...document.querySelectorAll('#picture .hit')].map((hit) => {
  const written = [...hit.querySelectorAll('text')].map((text) => text.textContent.trim());
  return [written.join(' ').trim(), hit.getAttribute('aria-label')];
})"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with Machine() as started:
        eventually(lambda: "demo" in started.manage("cluster", "list"), 60)
        yield started


@contextmanager
def stage(machine: Machine) -> Iterator[tuple[Page, list[str]]]:
    """The demo's stage in a browser, and what the browser complains of."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda message: message.type == "error" and problems.append(f"{message.text} {message.location}")
        )
        page.goto(f"http://127.0.0.1:{machine.port}/clusters/demo/")
        expect(page.locator("body")).to_have_attribute("data-link", "live", timeout=15_000)
        yield page, problems
        browser.close()


@pytest.fixture
def page(machine: Machine) -> Iterator[Page]:
    with stage(machine) as (page, problems):
        yield page
        assert not problems, f"{problems}\n{machine.log()[-4000:]}"


def test_killed_leader_is_seen_to_be_replaced(page: Page) -> None:
    leader = page.locator("#picture .member.leader")
    expect(leader).to_have_count(1, timeout=15_000)
    name = re.search(r"etcd-\d", leader.get_attribute("aria-label") or "")
    assert name
    leader.click()
    expect(page.locator("#inspector h2")).to_contain_text(name[0])
    expect(page.locator("#inspector .why")).to_contain_text("Why is it leader?")
    page.locator("#inspector").get_by_role("button", name="Kill", exact=True).click()
    expect(page.locator(f'#picture [data-inspect="member/{name[0]}"]')).to_have_class(re.compile("down"), timeout=5_000)
    expect(page.locator("#quorum")).to_contain_text("one more failure stops all writes")
    expect(page.locator("#picture .member.leader")).to_have_count(1, timeout=15_000)
    expect(page.locator("#story-list")).to_contain_text(re.compile(r"became leader of term"))
    page.locator("#inspector").get_by_role("button", name="Restart", exact=True).click()
    expect(page.locator("#quorum")).to_contain_text("3 of 3 alive", timeout=10_000)


def test_election_is_told_before_what_follows_it(page: Page) -> None:
    expect(page.locator("#quorum")).to_contain_text("3 of 3 alive", timeout=15_000)
    page.locator("#picture .member.leader").click()
    page.locator("#inspector").get_by_role("button", name="Kill", exact=True).click()
    expect(page.locator("#picture")).to_contain_text("no leader: writes wait for the election", timeout=5_000)
    expect(page.locator("#picture .member:is(.candidate, .pre-candidate)")).not_to_have_count(0, timeout=15_000)
    expect(page.locator("#picture .member.leader")).to_have_count(1, timeout=15_000)
    page.locator("#inspector").get_by_role("button", name="Restart", exact=True).click()
    expect(page.locator("#quorum")).to_contain_text("3 of 3 alive", timeout=10_000)


def test_killed_scheduler_leaves_its_room_stopped_until_it_is_back(page: Page) -> None:
    page.locator('#picture [data-inspect="scheduler/"]').click()
    panel = page.locator("#inspector")
    panel.get_by_role("button", name="Kill", exact=True).click()
    expect(panel.locator(".why")).to_contain_text("Why do new pods stay Pending?", timeout=10_000)
    expect(page.locator("#faults")).to_contain_text("Broken · 1")
    panel.get_by_role("button", name="Restart", exact=True).click()
    expect(page.locator("#faults")).to_contain_text("All well", timeout=10_000)


def test_packet_is_sent_to_a_service_and_its_way_shown(page: Page) -> None:
    page.locator('#picture [data-inspect="service/default/web"]').click()
    page.locator("#inspector").get_by_role("button", name="Send a packet").click()
    expect(page.locator("#inspector .why")).to_contain_text("answered", timeout=10_000)
    expect(page.locator("#inspector")).to_contain_text("DNAT")


def test_pod_leads_to_its_container_and_what_is_unfolded_stays_so(page: Page) -> None:
    page.locator("#picture .pod.ok").first.click()
    panel = page.locator("#inspector")
    panel.get_by_role("button", name="nginx", exact=True).click()
    expect(panel.locator(".kick")).to_have_text("container")
    panel.get_by_text("The system calls that made it").click()
    expect(panel.locator("details").first).to_have_attribute("open", "")
    with page.expect_response(lambda answer: "/inspect/container/" in answer.url, timeout=20_000):
        pass  # the panel is renewed
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    expect(panel.locator("details").first).to_have_attribute("open", "")
    expect(panel).to_contain_text("clone3(")


def test_everything_is_named_by_what_is_written_on_it(page: Page) -> None:
    expect(page.locator("#picture .pod.ok")).to_have_count(4, timeout=15_000)
    named = page.evaluate(NAMES)
    assert len(named) > 30
    assert all(label.startswith(written) and len(label) > len(written) for written, label in named)


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (820, 1180)], ids=["across", "upright"])
def test_tablet_has_the_picture_whole_and_the_inspector_over_it(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    expect(page.locator("#stage")).to_have_css("width", f"{width}px")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#picture .member").first.click()
    expect(page.locator("#inspector h2")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).not_to_have_attribute("data-open", "true")


def test_menu_of_what_is_broken_closes_by_key_and_by_click_elsewhere(page: Page) -> None:
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.locator("#clock").click()):
        page.locator("#faults").click()
        expect(page.locator("#fault-list")).to_be_visible()
        close()
        expect(page.locator("#fault-list")).to_be_hidden()


def test_nothing_is_claimed_before_something_is_known(page: Page) -> None:
    page.route("**/snapshot.json", lambda route: None)
    page.reload()
    expect(page.get_by_text("loading the cluster")).to_be_visible()
    expect(page.get_by_text("All well")).to_have_count(0)
    page.unroute_all()


def test_picture_outlives_the_process_that_serves_it(machine: Machine) -> None:
    with stage(machine) as (page, _):
        os.kill(machine.children()["web"], signal.SIGKILL)
        expect(page.locator("body")).to_have_attribute("data-link", "lost", timeout=10_000)
        expect(page.get_by_text("this is how it was")).to_be_visible()
        expect(page.locator("#timeline")).to_contain_text("AS IT WAS")
        expect(page.locator("body")).to_have_attribute("data-link", "live", timeout=40_000)
        expect(page.locator("#timeline")).to_contain_text("LIVE")
        machine.manage("fault", "demo", "kill", "scheduler")
        expect(page.locator("#faults")).to_contain_text("Broken · 1", timeout=10_000)
        machine.manage("fault", "demo", "restart", "scheduler")
        expect(page.locator("#faults")).to_contain_text("All well", timeout=10_000)


def test_cluster_is_deleted_only_after_a_question(machine: Machine, page: Page) -> None:
    machine.manage("cluster", "create", "lab", "--workers", "0", "--profile", "instant")
    page.goto(f"http://127.0.0.1:{machine.port}/")
    page.get_by_role("button", name="Delete cluster lab").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delete lab?")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("link", name="lab")).to_be_visible()
    page.get_by_role("button", name="Delete cluster lab").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("cluster lab was deleted")).to_be_visible()
    expect(page.get_by_role("link", name="lab")).to_have_count(0)


def test_click_on_nothing_opens_nothing(page: Page) -> None:
    page.locator("#picture").click(position={"x": 4, "y": 4})
    expect(page.locator("#side")).not_to_have_attribute("data-open", "true")


def test_keyboard_alone_reaches_a_member_and_comes_back(page: Page) -> None:
    expect(page.locator("#picture .member")).to_have_count(3, timeout=15_000)
    page.locator("#picture .member").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#inspector .kick")).to_have_text("etcd member")
    page.keyboard.press("Escape")
    expect(page.locator("#inspector .kick")).to_have_count(0)


def test_clock_is_paused_and_stepped_by_keys(page: Page) -> None:
    page.keyboard.press("Space")
    expect(page.locator("#timeline")).to_contain_text("PAUSED", timeout=10_000)
    page.keyboard.press(".")
    expect(page.locator("#said")).not_to_be_empty(timeout=10_000)
    page.keyboard.press("Space")
    expect(page.locator("#timeline")).to_contain_text("LIVE", timeout=10_000)


def test_text_twin_obeys_and_shows_it(page: Page) -> None:
    page.keyboard.press("t")
    page.get_by_role("button", name="Kill scheduler").click()
    expect(page.get_by_role("button", name="Restart scheduler")).to_be_visible(timeout=10_000)
    expect(page.locator("#said")).not_to_be_empty()
    page.get_by_role("button", name="Restart scheduler").click()
    expect(page.get_by_role("button", name="Kill scheduler")).to_be_visible(timeout=10_000)


def test_what_is_broken_is_healed_from_the_menu_and_the_open_panel_shows_it(page: Page) -> None:
    page.locator('#picture [data-inspect="scheduler/"]').click()
    page.locator("#inspector").get_by_role("button", name="Kill", exact=True).click()
    page.locator("#faults").click()
    page.locator("#fault-list").get_by_role("button", name="restart").click()
    expect(page.locator("#faults")).to_contain_text("All well", timeout=10_000)
    expect(page.locator("#inspector").get_by_role("button", name="Kill", exact=True)).to_be_visible(timeout=10_000)


def test_speed_is_set_by_a_click(page: Page) -> None:
    page.locator('#pace [data-speed="10"]').click()
    expect(page.locator('#pace [data-speed="10"]')).to_have_attribute("aria-pressed", "true", timeout=10_000)
    page.locator('#pace [data-speed="1"]').click()
    expect(page.locator('#pace [data-speed="1"]')).to_have_attribute("aria-pressed", "true", timeout=10_000)


def test_answer_to_a_command_does_not_replace_what_was_opened_meanwhile(page: Page) -> None:
    held = []
    page.route("**/do/fault", lambda route: held.append(route))
    page.locator('#picture [data-inspect="scheduler/"]').click()
    page.locator("#inspector").get_by_role("button", name="Kill", exact=True).click()
    page.locator("#picture .member").first.click()
    expect(page.locator("#inspector .kick")).to_have_text("etcd member")
    with page.expect_response("**/do/fault"):
        held[0].continue_()
    expect(page.locator("#faults")).to_contain_text("Broken · 1", timeout=10_000)
    expect(page.locator("#inspector .kick")).to_have_text("etcd member")
    page.unroute_all()
    page.locator("#faults").click()
    page.locator("#fault-list").get_by_role("button", name="restart").click()
    expect(page.locator("#faults")).to_contain_text("All well", timeout=10_000)


def test_workers_are_found_from_the_story_and_can_be_killed_as_it_says(machine: Machine, page: Page) -> None:
    page.get_by_role("link", name="Workers").click()
    panel = page.locator("#inspector")
    expect(panel.locator("h2")).to_have_text("The workers")
    pid = machine.children()["nodes"]
    expect(panel).to_contain_text(f"kill -9 {pid}", timeout=20_000)
    os.kill(pid, signal.SIGKILL)
    expect(panel).not_to_contain_text(f":{pid}", timeout=40_000)
    expect(panel).to_contain_text(re.compile(r"nodes@\S+:\d+"), timeout=40_000)
    assert machine.children()["nodes"] != pid


def test_text_twin_says_the_same(page: Page) -> None:
    page.keyboard.press("t")
    expect(page.get_by_role("heading", name="etcd", exact=True)).to_be_visible(timeout=10_000)
    expect(page.locator("#twin")).to_contain_text("alive")
