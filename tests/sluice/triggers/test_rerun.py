"""The commands that alerts name are those of the command line."""

from __future__ import annotations

import shlex

from cli.main import parser
from sluice.triggers.rerun import rerun_command, resume_command, retry_many_command


def test_the_commands_are_known_to_the_parser() -> None:
    """With the run, the pipeline and the time that they are about."""
    commands = (
        rerun_command("words-a"),
        resume_command("words-a"),
        resume_command("words-a", with_current_code=True),
    )
    given = [parser().parse_args(shlex.split(one)[1:]) for one in commands]
    assert [one.run_id for one in given] == ["words-a"] * 3
    assert [one.with_current_code for one in given] == [False, False, True]
    many = parser().parse_args(shlex.split(retry_many_command("words", "2026-11-28T09:30"))[1:])
    assert (many.pipeline, many.state, many.since) == ("words", "FAILED", "2026-11-28T09:30:00.000+00:00")
