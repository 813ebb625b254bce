"""The alert of a failed run fits its medium, and its commands can be pasted."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sluice.alerts.run_failed import Alert
from sluice.triggers.trigger_event import S3Object, ScheduledTime


def alert(**changes: Any) -> Alert:
    """Return an alert with some facts changed."""
    facts: dict[str, Any] = {
        "pipeline": "words",
        "run_id": "words-" + "a" * 20,
        "step": "count",
        "reason": "2 of 100 children failed",
        "trigger": S3Object(bucket="inbox", key="words/a.txt", version_id="v1", etag="", size=1),
        "children": 100,
        "region": "us-east-1",
        "results_bucket": "results",
        "job_id": "job-1",
    }
    return Alert(**{**facts, **changes})


@given(st.text(), st.sampled_from(["a", "p" * 40]), st.sampled_from(["a", "gate-0-499-" + "s" * 40]))
def test_a_text_message_is_one_message_and_ends_with_the_run(reason: str, pipeline: str, step: str) -> None:
    """140 characters of ASCII: one other character makes a message hold 70."""
    text = alert(reason=reason, pipeline=pipeline, step=step).message().sms
    assert len(text.encode("ascii")) <= 140
    assert text.isprintable()
    assert text.endswith(f"({'a' * 20})")


def test_a_short_text_message_is_whole() -> None:
    """Nothing is cut that fits."""
    assert alert().message().sms == f"Sluice: words/count failed: 2 of 100 children failed ({'a' * 20})"


def test_an_e_mail_says_what_failed_where_why_and_what_to_do() -> None:
    """In full."""
    mail = alert(log_group="/g", log_stream="s/1", log_lines=("Traceback", "ValueError")).message().email
    for part in (
        "words",
        "count",
        "2 of 100",
        "job-1",
        "100 children",
        "| ValueError",
        "$252Fg",
        "s3://results/words/",
        "sluice rerun words-",
    ):
        assert part in mail, part


def test_any_trigger_runs_again_by_one_command() -> None:
    """Also a schedule, and an input that no message could hold."""
    trigger = ScheduledTime(time="2030-01-31T09:00:00Z", expression="rate(1 day)", input="x" * 100_000)
    mail = alert(trigger=trigger).message().email
    assert "rate(1 day) at 2030-01-31T09:00:00Z" in mail
    assert f"\n    sluice rerun words-{'a' * 20}\n" in mail


def test_an_e_mail_without_a_job_or_a_log_says_so() -> None:
    """A step that could not be submitted has neither."""
    mail = alert(job_id=None, children=1).message().email
    assert "could not be submitted" in mail
    assert "last lines" not in mail


def test_a_missing_permission_comes_first_even_if_only_the_log_names_it() -> None:
    """In the e-mail and in the text message."""
    denied = (
        "botocore: User: arn:aws:sts::1:assumed-role/jobs/x is not authorized to perform: s3:PutObject on"
        " resource: r"
    )
    message = alert(reason="the program ended with exit code 1", log_lines=(denied, "exit")).message()
    assert (
        "Why:      the permission s3:PutObject is missing: the program ended with exit code 1"
        in message.email
    )
    assert "the permission s3:PutObject is missing" in message.sms


def test_a_refusal_shows_the_line_to_add() -> None:
    """With the step and the file; other failures have none."""
    denied = (
        "ClientError: User: arn:aws:sts::1:assumed-role/jobs/x is not authorized to perform: s3:GetObject on"
        ' resource: "arn:aws:s3:::team-reference/rates/eur.csv" because no identity-based policy allows it'
    )
    mail = alert(reason=denied).message().email
    assert (
        "To allow it, add this to the step count in pipelines/words.py, and deploy:\n"
        '  permissions=[read("s3://team-reference/rates/*")]\n'
    ) in mail
    assert "To allow it" not in alert().message().email


def test_an_array_says_how_many_failed_and_why_the_first_did() -> None:
    """Beside the child whose log is shown."""
    mail = (
        alert(failed=7, child=12, child_reason="the program ended with exit code 3", log_lines=("boom",))
        .message()
        .email
    )
    assert "Job:      job-1 (7 of 100 children failed)" in mail
    assert "child 12: the program ended with exit code 3" in mail
    assert "The last lines of the log of child 12:\n  | boom" in mail


def test_a_run_can_be_resumed_or_started_again() -> None:
    """Each command stands below what it mends: a lost machine, a bug, a bad input."""
    mail = alert().message().email
    run = f"words-{'a' * 20}"
    ways = mail[mail.index("What mends it:") :].splitlines()
    assert ways[2::2] == [
        f"    sluice retry {run}",
        f"    sluice retry {run} --with-current-code",
        f"    sluice rerun {run}",
    ]
    assert [line.split(":")[0].strip() for line in ways[1::2]] == [
        "A machine was lost, or a service was away",
        "A bug",
        "A bad input",
    ]
    assert f"sluice rerun words-{'a' * 20}\n" in mail


def test_a_multi_node_job_says_which_nodes_log_is_shown() -> None:
    """The node that failed first, and not the main node that failed because of it."""
    mail = alert(children=1, node=2, log_lines=("boom",)).message().email
    assert "The last lines of the log of node 2:\n  | boom" in mail
    assert "log of child" not in mail
    assert "Job:      job-1\n" in mail


def test_a_text_message_has_no_room_for_the_names_of_buckets() -> None:
    """It has keys; the e-mail has the address in full."""
    message = alert(
        reason="TextError: s3://sluicestorage-inboxa8e05dc3-afc399676fb13/words/a.txt, byte 0: expected UTF-8"
    ).message()
    assert "TextError: words/a.txt, byte 0: expected UTF-8" in message.sms
    assert "s3://sluicestorage-inboxa8e05dc3-afc399676fb13/words/a.txt" in message.email
