"""`sluice run NAME FILE…` for a pipeline that a set of files starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.run.command import run
from cli.errors import UsageError
from sluice.messages import SetUpload, Triggered
from sluice.operate.errors import OperationError, RequestError
from sluice.operate.start import set_files
from sluice.run.job_names import run_id
from sluice.sets.gathering import SetGatherer
from sluice.sets.ledger import SetLedger
from sluice.triggers.set_rules import SetRules
from sluice.triggers.trigger_event import S3Object, parse_trigger
from tests.cli.commands.run.repository import FILE
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import TABLE
from tests.sluice.operate.start.inbox import INBOX, Events

PATTERN = "sales/{date}/{part}.csv"


class Group:
    """The group Lambda, which receives what is in the inbox whenever the command waits."""

    def __init__(self, harness: CommandHarness, after: str = "alert", expected: tuple[str, ...] = ()) -> None:
        """Gather into the harness's ledger."""
        self.asked = list[Triggered]()
        self._s3 = harness.clients["s3"]
        self._after, self._expected = after, expected
        self._gatherer = SetGatherer(
            ledger=SetLedger(harness.clients["dynamodb"], TABLE),
            write=lambda *_: None,
            ask=self.asked.append,
            report=lambda _: None,
            inbox=None,  # type: ignore[arg-type] # no set of these tests has a marker
            work_bucket="work",
        )

    def __call__(self, _: float) -> None:
        """Gather every version that is there, the oldest first."""
        versions = self._s3.list_object_versions(Bucket=INBOX)["Versions"]
        for number, found in enumerate(sorted(versions, key=lambda one: one["LastModified"])):
            file = S3Object(
                bucket=INBOX,
                key=found["Key"],
                version_id=found["VersionId"],
                etag="e",
                size=found["Size"],
                sequencer=f"{number + 1:04X}",
            )
            rules = SetRules(pattern=PATTERN, of="part", expect=2, expected=self._expected, after=self._after)
            message = SetUpload(
                pipeline="words",
                trigger=f"s3-set:{PATTERN}",
                definition={"bucket": "w", "key": "d"},
                detail={},
                rules=rules.to_dict(),
            )
            self._gatherer.gather(message, [file])

    @property
    def runs(self) -> list[str]:
        """Return the ids of the runs that were requested."""
        events = ((one, parse_trigger(one)) for one in self.asked)
        return [run_id(one.pipeline, one.trigger, event.identity()) for one, event in events if event]


@pytest.fixture
def project(root: Path) -> Path:
    """Give the one pipeline a set of two files a day."""
    text = FILE.format(triggers=f'FileSet("{PATTERN}", expect=2)').replace("S3Upload", "FileSet")
    (root / "pipelines" / "words.py").write_text(text)
    return root


def files(folder: Path, *names: str) -> list[str]:
    """Write files and return their paths."""
    (folder / "2026-11-28").mkdir(exist_ok=True)
    for name in names:
        (folder / "2026-11-28" / name).write_text(name)
    return [str(folder / "2026-11-28" / name) for name in names]


def test_the_run_of_a_set_that_is_whole_is_known(
    harness: CommandHarness, bus: Events, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files are under their keys, and take part in their set."""
    group = Group(harness)
    given = harness.given("run", "words", *files(tmp_path, "a.csv", "b.csv"), "--detach")
    assert run(given, harness.cloud, project, sleep=group) == 0
    keys = [one["Key"] for one in harness.clients["s3"].list_objects_v2(Bucket=INBOX)["Contents"]]
    assert keys == ["sales/2026-11-28/a.csv", "sales/2026-11-28/b.csv"]
    assert [capsys.readouterr().out.strip()] == group.runs


def test_a_set_that_lacks_files_is_no_failure_and_says_what_it_waits_for(
    harness: CommandHarness, bus: Events, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its run has its label already; the file that makes it whole begins it."""
    group = Group(harness)
    given = harness.given("run", "words", *files(tmp_path, "a.csv"), "--json", "--label", "team=data")
    assert run(given, harness.cloud, project, sleep=group) == 0
    out, notes = capsys.readouterr()
    assert json.loads(out) == []
    assert "date=2026-11-28 lacks 1 file; words-" in notes
    assert "sluice sets close words date=2026-11-28" in notes
    assert group.runs == []
    given = harness.given("run", "words", *files(tmp_path, "b.csv"), "--detach")
    assert run(given, harness.cloud, project, sleep=group) == 0
    assert [capsys.readouterr().out.strip()] == group.runs
    assert f"{group.runs[0]} begins when it is whole" in notes


def test_a_file_that_its_set_does_not_expect_is_said(
    harness: CommandHarness, bus: Events, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be a name that was mistyped, for which the set waits for another one."""
    trigger = f'FileSet("{PATTERN}", expect=["a", "b"])'
    text = FILE.format(triggers=trigger).replace("S3Upload", "FileSet")
    (root / "pipelines" / "words.py").write_text(text)
    group = Group(harness, expected=("a", "b"))
    given = harness.given("run", "words", *files(tmp_path, "a.csv", "c.csv"))
    assert run(given, harness.cloud, root, sleep=group) == 0
    notes = " ".join(capsys.readouterr().err.split())
    assert "sales/2026-11-28/c.csv: not among the files that date=2026-11-28 expects" in notes
    assert "date=2026-11-28 lacks 1 file (b); words-" in notes


def test_a_file_that_comes_after_the_run_of_its_set_is_said_to_be_in_none(
    harness: CommandHarness, bus: Events, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or it begins another run of the whole set, as the trigger says."""
    group = Group(harness)
    given = harness.given("run", "words", *files(tmp_path, "a.csv", "b.csv"), "--detach")
    run(given, harness.cloud, project, sleep=group)
    given = harness.given("run", "words", *files(tmp_path, "c.csv"), "--detach")
    assert run(given, harness.cloud, project, sleep=group) == 0
    assert f"sales/2026-11-28/c.csv came after the run {group.runs[0]} of date" in capsys.readouterr().err
    assert len(group.runs) == 1


def test_a_later_file_of_a_set_that_reruns_begins_another_run(
    harness: CommandHarness, bus: Events, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is the one that is followed."""
    group = Group(harness, after="rerun")
    run(
        harness.given("run", "words", *files(tmp_path, "a.csv", "b.csv"), "--detach"),
        harness.cloud,
        project,
        sleep=group,
    )
    capsys.readouterr()
    given = harness.given("run", "words", *files(tmp_path, "c.csv"), "--detach")
    assert run(given, harness.cloud, project, sleep=group) == 0
    assert capsys.readouterr().out.split() == group.runs[1:]
    assert len(group.runs) == 2


def test_what_is_no_file_of_a_set_is_refused_and_nothing_is_uploaded(
    harness: CommandHarness, bus: Events, project: Path, tmp_path: Path
) -> None:
    """With the pattern; nor does a set take an input."""
    (tmp_path / "notes.txt").touch()
    own = files(tmp_path, "a.csv")
    with pytest.raises(RequestError, match=r"sales/\{date\}/\{part\}.csv.*notes.txt"):
        run(harness.given("run", "words", *own, str(tmp_path / "notes.txt")), harness.cloud, project)
    with pytest.raises(UsageError, match="found both"):
        run(harness.given("run", "words", *own, "--input", "1"), harness.cloud, project)
    assert "Contents" not in harness.clients["s3"].list_objects_v2(Bucket=INBOX)


def test_a_file_that_the_group_lambda_does_not_take_is_an_error(
    harness: CommandHarness, bus: Events, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With where to look."""
    monkeypatch.setattr(set_files, "GATHERED_WITHIN_SECONDS", -1.0)
    given = harness.given("run", "words", *files(tmp_path, "a.csv"))
    with pytest.raises(OperationError, match=r"a.csv in the set date=2026-11-28.*dead letters"):
        run(given, harness.cloud, project, sleep=lambda _: None)
