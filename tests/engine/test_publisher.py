"""Claims about the thread that tells of commits."""

import threading

from core.engine.publisher import Publisher, merged
from core.journal import Announcement


def said(cluster: int, revision: int, *resources: str, topology: bool = False) -> Announcement:
    return Announcement(cluster, revision, revision * 2, frozenset(resources), topology)


def test_merged_announcement_reaches_as_far_as_the_newer_and_names_all_resources() -> None:
    one, other = said(1, 7, "pods", topology=True), said(1, 5, "nodes")
    assert merged(one, other) == Announcement(1, 7, 14, frozenset({"pods", "nodes"}), True)


def test_commits_during_a_send_become_one_announcement_per_cluster() -> None:
    sent: list[tuple[int, int, frozenset[str]]] = []
    sending, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def send(announcement: Announcement, roles: frozenset[str]) -> None:
        sent.append((announcement.cluster_id, announcement.revision, roles))
        if announcement.revision == 1:
            sending.set()
            assert go_on.wait(5)
        if len(sent) == 3:
            done.set()

    publisher = Publisher(send, pause=0)
    publisher.put(said(1, 1, "pods"), ["nodes"])
    assert sending.wait(5)
    for revision in (2, 3, 4):
        publisher.put(said(1, revision, "pods"), ["nodes"])
        publisher.put(said(2, revision, "pods"), ["control-plane"])
    go_on.set()
    assert done.wait(5)
    assert sent == [
        (1, 1, frozenset({"nodes"})),
        (1, 4, frozenset({"nodes"})),
        (2, 4, frozenset({"control-plane"})),
    ]


def test_flush_sends_what_the_thread_has_not() -> None:
    sent: list[int] = []
    publisher = Publisher(lambda announcement, roles: sent.append(announcement.revision), pause=60)
    publisher.put(said(1, 1), [])
    publisher.flush()
    publisher.put(said(1, 2), [])
    publisher.flush()
    assert sent == [1, 2]
