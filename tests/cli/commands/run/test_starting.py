"""`sluice run NAME FILE…` where a file alone starts no run: it is one of a group, or it comes with a
request.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.run.command import run
from sluice.grouping.gathering import Gatherer
from sluice.grouping.ledger import GroupLedger
from sluice.messages import GroupedUpload
from sluice.operate.errors import OperationError, RequestError
from sluice.operate.start import groups
from sluice.pipeline.trigger_names import MANUAL
from sluice.triggers.inbox import request_key
from sluice.triggers.trigger_event import S3Object
from tests.cli.commands.run.repository import FILE
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import TABLE
from tests.sluice.operate.start.inbox import INBOX, Events

GATHERING = 'S3Upload(prefix="texts/", suffix=".txt", group_within="60s", group_of=2)'
TRIGGER = "s3-group:texts/*.txt"


def write(root: Path, triggers: str) -> None:
    """Give the one pipeline other triggers."""
    (root / "pipelines" / "words.py").write_text(FILE.format(triggers=triggers))


def files(folder: Path, *names: str) -> list[str]:
    """Write files and return their paths."""
    for name in names:
        (folder / name).write_text(name)
    return [str(folder / name) for name in names]


class Group:
    """The group Lambda, which receives what is in the inbox whenever the command waits."""

    def __init__(self, harness: CommandHarness) -> None:
        """Gather into the harness's ledger."""
        self._s3 = harness.clients["s3"]
        self.ledger = GroupLedger(harness.clients["dynamodb"], TABLE)
        self._gatherer = Gatherer(
            ledger=self.ledger, remind=lambda *_: None, write=lambda *_: None, ask=lambda *_: None
        )

    def __call__(self, _: float) -> None:
        """Gather every version that is there."""
        for version in self._s3.list_object_versions(Bucket=INBOX)["Versions"]:
            found = S3Object(
                bucket=INBOX,
                key=version["Key"],
                version_id=version["VersionId"],
                etag="e",
                size=version["Size"],
            )
            message = GroupedUpload(
                pipeline="words",
                trigger=TRIGGER,
                definition={"bucket": "w", "key": "d"},
                detail=found.to_dict(),
                within=60,
                of=2,
            )
            self._gatherer.gather(message, [found])


def test_the_run_of_a_group_is_known_as_soon_as_it_has_the_files(
    harness: CommandHarness, bus: Events, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three files of groups of two are two runs: one that has begun, and one of which the note says what it
    waits for.
    """
    write(root, GATHERING)
    group = Group(harness)
    given = harness.given("run", "words", *files(tmp_path, "a.txt", "b.txt", "c.txt"), "--detach")
    assert run(given, harness.cloud, root, sleep=group) == 0
    out, notes = capsys.readouterr()
    found = [group.ledger.load("words", TRIGGER, number) for number in (1, 2)]
    assert out.split() == [one.run_id for one in found if one]
    assert f"{out.split()[1]} begins when its group closes: in " in notes
    assert "or when it has 2 files; it has 1" in notes
    assert f"{out.split()[0]} begins" not in notes


def test_the_run_of_a_group_is_waited_for_until_the_group_is_due(
    harness: CommandHarness, bus: Events, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time in which a run must begin counts from then."""
    write(root, GATHERING)
    monkeypatch.setattr("cli.commands.run.command.BEGINS_WITHIN_SECONDS", 0.0)
    monkeypatch.setattr(Gatherer, "_hand_over_newest_if_ready", lambda *_: None)
    clock = iter(range(0, 10_000, 20))
    group = Group(harness)
    monkeypatch.setattr("sluice.operate.runs.following.time.monotonic", lambda: next(clock))
    with pytest.raises(OperationError, match=r"to begin within (59|60) s"):
        run(harness.given("run", "words", *files(tmp_path, "a.txt")), harness.cloud, root, sleep=group)


def test_files_that_are_not_gathered_are_an_error(
    harness: CommandHarness, bus: Events, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With where to look."""
    write(root, GATHERING)
    monkeypatch.setattr(groups, "GATHERED_WITHIN_SECONDS", -1.0)
    with pytest.raises(
        OperationError, match=r"Expected texts/a.txt to be gathered .* nor of 1 more.* group Lambda's log"
    ):
        run(
            harness.given("run", "words", *files(tmp_path, "a.txt", "b.txt")),
            harness.cloud,
            root,
            sleep=lambda _: None,
        )


@pytest.mark.parametrize("triggers", ["Manual()", 'Manual(), S3Upload(prefix="texts/", suffix=".txt")'])
def test_files_that_no_upload_trigger_takes_come_with_a_request(
    triggers: str,
    harness: CommandHarness,
    bus: Events,
    root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They are the uploads of its input, beside what else the input has; each lies in a place of its
    request.
    """
    write(root, triggers)
    paths = files(tmp_path, "a.pdf", "b c.pdf")
    given = harness.given("run", "words", *paths, "--token", "one/..", "--input", '{"n": 1}', "--detach")
    assert run(given, harness.cloud, root) == 0
    assert capsys.readouterr().out.strip() == harness.run_id_of("words", MANUAL, {"token": "one/.."})
    asked = json.loads(bus.sent[0]["Detail"])["input"]
    assert asked["n"] == 1
    assert [one["key"] for one in asked["uploads"]] == [
        "requests/words/one%2F%2E%2E/a.pdf",
        "requests/words/one%2F%2E%2E/b c.pdf",
    ]
    for one, path in zip(asked["uploads"], paths, strict=True):
        stored = harness.clients["s3"].get_object(
            Bucket=one["bucket"], Key=one["key"], VersionId=one["version_id"]
        )
        assert (stored["Body"].read(), stored["ETag"].strip('"'), one["size"]) == (
            Path(path).read_bytes(),
            one["etag"],
            Path(path).stat().st_size,
        )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("a.pdf", "none.pdf"), "none.pdf: no such file"),
        (("a.pdf", "a.pdf"), "a.pdf: given 2 times"),
        (("a.pdf", "--input", "[1]"), "JSON object without 'uploads'"),
        (("a.pdf", "--input", '{"uploads": []}'), "JSON object without 'uploads'"),
        (("a.pdf", "--input", json.dumps({"x": "y" * 131_000})), "found 131... with 1 file"),
    ],
)
def test_a_request_that_cannot_have_these_files(
    words: tuple[str, ...],
    sentence: str,
    harness: CommandHarness,
    bus: Events,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused before anything is uploaded."""
    write(root, "Manual()")
    files(tmp_path, "a.pdf")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=sentence):
        run(harness.given("run", "words", *words), harness.cloud, root)
    assert bus.sent == []
    assert "Contents" not in harness.clients["s3"].list_objects_v2(Bucket=INBOX)


def test_the_key_of_a_requests_file_stays_in_its_place() -> None:
    """Whatever characters a token has, it is one part of the key, and never a way out of it."""
    assert request_key("p", "../../q", "f") == "requests/p/%2E%2E%2F%2E%2E%2Fq/f"
