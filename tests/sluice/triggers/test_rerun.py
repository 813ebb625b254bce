"""The command that starts a run again from what started it."""

from __future__ import annotations

import shlex

from sluice.triggers.rerun import rerun_command
from sluice.triggers.trigger_event import UploadGroup


def test_a_group_is_run_again_by_storing_its_files_again() -> None:
    """The command is one that a shell reads, with the folder and the pattern of the trigger."""
    group = UploadGroup(
        bucket="inbox",
        prefix="words/in-",
        suffix=".txt",
        group="g-1",
        files=1200,
        work_bucket="work",
        manifest="runs/r/items",
    )
    words = shlex.split(rerun_command("words", group))
    assert words[:5] == ["aws", "s3", "cp", "s3://inbox/words/", "s3://inbox/words/"]
    assert words[words.index("--include") + 1] == "in-*.txt"
    assert words[words.index("--exclude") + 1] == "*"
