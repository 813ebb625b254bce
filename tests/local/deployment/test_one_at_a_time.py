"""One deploy at a time."""

from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from local.deployment.one_at_a_time import one_at_a_time
from local.paths import LocalCloudPaths

SECONDS = 30


def test_a_second_deploy_says_that_it_waits_and_comes_behind_the_first(tmp_path: Path) -> None:
    """One to another cloud does not wait."""
    place, seen = LocalCloudPaths(1, tmp_path / "cloud"), SimpleQueue[str]()

    def second() -> None:
        with one_at_a_time(place, seen.put):
            seen.put("second")

    with one_at_a_time(place, seen.put):
        with one_at_a_time(LocalCloudPaths(2, tmp_path / "other"), seen.put):
            assert seen.empty()
        thread = Thread(target=second)
        thread.start()
        assert seen.get(timeout=SECONDS) == "wait       until another deploy to this cloud has ended …"
        assert seen.empty()
        seen.put("first")
    thread.join(SECONDS)
    assert (seen.get(timeout=SECONDS), seen.get(timeout=SECONDS)) == ("first", "second")
