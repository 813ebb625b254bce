"""`sluice run` starts what its words say, knows the ids of the runs, and follows them to their ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from cli import run as run_command
from cli.failures import CommandError, UsageError
from cli.run import run
from cli.starting import request, run_of, send, sendings
from sluice.pipeline.definition import Job, Manual, Pipeline, S3Upload
from sluice.pipeline.trigger_names import MANUAL
from sluice.run.state import RunState
from sluice.triggers.trigger_event import MAX_INPUT_BYTES, Request
from tests.cli.world import CommandWorld
from tests.sluice.clouds import START

TEXTS, TABLES = S3Upload(prefix="texts/", suffix=".txt"), S3Upload(prefix="tables", suffix=".csv")
OLD = S3Upload(prefix="old/", suffix=".txt")
INBOX = "inbox"
FILE = """from sluice.pipeline.definition import Job, Manual, Pipeline, S3Upload

triggers = [{triggers}]
pipeline = Pipeline(name="words", triggers=triggers, steps=[Job("a", image="busybox", command=["true"])])
"""


def words(*triggers: Any) -> Pipeline:
    """Return a pipeline with these triggers."""
    return Pipeline(
        name="words", triggers=list(triggers), steps=[Job("a", image="busybox", command=["true"])]
    )


class Events:
    """An event bus that keeps what it is sent, or refuses it."""

    def __init__(self, answer: dict[str, Any] | None = None) -> None:
        """Have no events."""
        self.sent: list[Any] = []
        self._answer = answer or {"FailedEntryCount": 0}

    def put_events(self, **asked: Any) -> dict[str, Any]:
        """Take events."""
        self.sent += asked["Entries"]
        return self._answer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one pipeline that takes texts and requests."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "words.py").write_text(
        FILE.format(triggers='S3Upload(prefix="texts/", suffix=".txt"), Manual()')
    )
    return tmp_path


@pytest.fixture
def bus(world: CommandWorld) -> Events:
    """The event bus of the world, beside an inbox whose objects have versions."""
    events = Events()
    s3: Any = world.session.create_client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=INBOX)
    s3.put_bucket_versioning(Bucket=INBOX, VersioningConfiguration={"Status": "Enabled"})
    world.clients.update(events=events, s3=s3)
    world.clients["cloudformation"].outputs["SluiceStorage"]["InboxBucket"] = INBOX
    return events


def test_a_file_goes_to_the_trigger_that_takes_it(tmp_path: Path) -> None:
    """A file's name is appended to the prefix of the one trigger whose suffix it has."""
    text, table = tmp_path / "a.txt", tmp_path / "b.csv"
    text.touch()
    table.touch()
    found = sendings(words(TEXTS, TABLES), [text, table], None)
    assert [(one.upload, one.key) for one in found] == [(TEXTS, "texts/a.txt"), (TABLES, "tables/b.csv")]
    (chosen,) = sendings(words(TEXTS, OLD), [text], "old/")
    assert chosen.upload == OLD


def test_every_wrong_file_is_told(tmp_path: Path) -> None:
    """A file that is not there, a folder, a file that no trigger takes and a name that is given twice are
    named together.
    """
    other, twin = tmp_path / "a.pdf", tmp_path / "sub" / "a.pdf"
    twin.parent.mkdir()
    other.touch()
    twin.touch()
    with pytest.raises(UsageError) as error:
        sendings(words(TEXTS), [tmp_path / "none.txt", tmp_path, other, twin], None)
    for sentence in (
        "none.txt: no such file",
        ": a folder",
        "a.pdf: no trigger takes it, they take *.txt",
        "a.pdf: given 2 times",
    ):
        assert sentence in str(error.value)


def test_a_file_that_two_triggers_take_needs_a_prefix(tmp_path: Path) -> None:
    """Which of two triggers is meant, nobody can know."""
    text = tmp_path / "a.txt"
    text.touch()
    with pytest.raises(UsageError, match="choose one with --prefix: texts/, old/"):
        sendings(words(TEXTS, OLD), [text], None)


@pytest.mark.parametrize(("triggers", "prefix"), [((Manual(),), None), ((TEXTS,), "other/")])
def test_files_need_an_upload_trigger(triggers: tuple[Any, ...], prefix: str | None, tmp_path: Path) -> None:
    """Without an upload trigger, or without one of that prefix, nothing is uploaded."""
    with pytest.raises(UsageError, match="Expected an S3Upload trigger of words"):
        sendings(words(*triggers), [tmp_path], prefix)


@pytest.mark.parametrize("size", [0, 5, 9 * 1024 * 1024])
def test_the_id_of_an_uploads_run_is_that_of_its_event(
    size: int, world: CommandWorld, bus: Events, tmp_path: Path
) -> None:
    """The id is derived from the version that was stored, in one piece or in parts, as the trigger Lambda
    derives it from the event.
    """
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * size)
    heard: list[int] = []
    (sending,) = sendings(words(TEXTS), [path], None)
    first = run_of("words", TEXTS, send(world.clients["s3"], INBOX, sending.path, sending.key, heard.append))
    version = world.clients["s3"].head_object(Bucket=INBOX, Key="texts/a.txt")["VersionId"]
    detail = {
        "bucket": {"name": INBOX},
        "object": {"key": "texts/a.txt", "version-id": version, "etag": "any", "size": size},
    }
    assert first == world.run_id_of("words", "s3:texts/*.txt", detail)
    assert sum(heard) == size
    assert (
        run_of("words", TEXTS, send(world.clients["s3"], INBOX, sending.path, sending.key, heard.append))
        != first
    )


def test_the_same_token_is_the_same_run(bus: Events) -> None:
    """The event has the pipeline, the token and the input; the id is that of the token."""
    ids = [request(bus, words(Manual()), token, {"n": 1}) for token in ("t", "t", "u")]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0] == CommandWorld.run_id_of("words", MANUAL, {"token": "t", "input": {"n": 1}})
    assert json.loads(bus.sent[0]["Detail"]) == {"pipeline": "words", "token": "t", "input": {"n": 1}}
    assert Request(token="t").identity() == {"token": "t"}


def test_a_request_that_cannot_be(bus: Events) -> None:
    """A pipeline that takes none, an input that is too large, and an event that the bus refuses: each is
    told, and nothing has begun.
    """
    with pytest.raises(UsageError, match="Expected a Manual trigger of words, found none"):
        request(bus, words(TEXTS), "t", None)
    with pytest.raises(UsageError, match=f"at most {MAX_INPUT_BYTES} bytes"):
        request(bus, words(Manual()), "t", "x" * MAX_INPUT_BYTES)
    assert bus.sent == []
    refusing = Events(
        {
            "FailedEntryCount": 1,
            "Entries": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}],
        }
    )
    with pytest.raises(CommandError, match=r"ThrottlingException: slow down\. Nothing has begun"):
        request(refusing, words(Manual()), "t", None)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("a.txt", "--input", "1"), "found both"),
        (("a.txt", "--token", "t"), "found both"),
        (("a.txt", "--overrides", "{}"), "found both"),
        (("--overrides", '{"a": {"memory": 4096}}'), "takes none"),
        (("--prefix", "texts/"), "Expected files beside --prefix"),
    ],
)
def test_words_that_do_not_go_together(
    given: tuple[str, ...], sentence: str, world: CommandWorld, bus: Events, root: Path
) -> None:
    """Files and a request exclude each other."""
    with pytest.raises(UsageError, match=sentence):
        run(world.given("run", "words", *given), world.cloud, root)
    assert bus.sent == []


def test_an_input_that_is_no_json(world: CommandWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """The parser says what it expected, and the exit code is that of wrong usage."""
    with pytest.raises(SystemExit) as ended:
        world.given("run", "words", "--input", "{no")
    assert ended.value.code == 2
    assert "expected JSON, found '{no'" in capsys.readouterr().err


def test_a_pipeline_that_is_not_there(world: CommandWorld, root: Path) -> None:
    """The names that there are, are told."""
    with pytest.raises(CommandError, match=r"name of a pipeline \(words\), found 'other'"):
        run(world.given("run", "other"), world.cloud, root)


@pytest.mark.parametrize(
    ("state", "code"), [(RunState.SUCCEEDED, 0), (RunState.FAILED, 1), (RunState.CANCELLED, 1)]
)
def test_the_exit_code_is_the_runs(
    state: RunState,
    code: int,
    world: CommandWorld,
    bus: Events,
    root: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A run is followed from before it is in the ledger until it has ended; only success is 0."""
    run_id = world.run_id_of("words", MANUAL, {"token": "t"})

    def later(_: float) -> None:
        found = world.ledger.load(run_id)
        if found is None:
            world.begin(run_id, START.isoformat(timespec="milliseconds"))
        else:
            world.end(run_id, state)

    assert run(world.given("run", "words", "--token", "t", "--json"), world.cloud, root, sleep=later) == code
    (view,) = json.loads(capsys.readouterr().out)
    assert (view["run_id"], view["state"]) == (run_id, state)


def test_a_run_that_never_begins_is_told(
    world: CommandWorld, bus: Events, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two minutes without a line in the ledger the command names where to look."""
    monkeypatch.setattr(run_command, "BEGINS_WITHIN_SECONDS", 0.0)
    with pytest.raises(CommandError, match="dead-letter queue"):
        run(world.given("run", "words"), world.cloud, root, sleep=lambda _: None)


def test_a_detached_start_prints_ids_alone(
    world: CommandWorld, bus: Events, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One id on a line, or one JSON list; nothing is followed."""
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    files = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    assert run(world.given("run", "words", *files, "--detach"), world.cloud, root) == 0
    assert [line.startswith("words-") for line in capsys.readouterr().out.splitlines()] == [True, True]
    assert run(world.given("run", "words", "--token", "t", "--detach", "--json"), world.cloud, root) == 0
    assert json.loads(capsys.readouterr().out) == [world.run_id_of("words", MANUAL, {"token": "t"})]


def test_an_upload_that_s3_refuses_is_an_error(tmp_path: Path, world: CommandWorld, bus: Events) -> None:
    """What S3 answers reaches the caller, and no run is followed."""
    path = tmp_path / "a.txt"
    path.write_text("a")
    (sending,) = sendings(words(TEXTS), [path], None)
    with Stubber(world.clients["s3"]) as stub:
        stub.add_client_error("put_object", "AccessDenied")
        with pytest.raises(Exception, match="AccessDenied"):
            send(world.clients["s3"], INBOX, sending.path, sending.key, lambda _: None)


def test_overrides_are_checked_and_sent(
    world: CommandWorld, bus: Events, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The event has them as they were given; what is wrong with them is said before anything is sent."""
    (root / "pipelines" / "words.py").write_text(
        FILE.format(triggers='Manual(overrides=["memory", "queue"])')
    )
    for wrong, says in (
        ('{"a": {"memory": 3}}', r"\['a'\].memory"),
        ('{"b": {}}', "expected one of a"),
        ("[]", "such as"),
        ("5", "such as"),
    ):
        with pytest.raises(UsageError, match=says):
            run(world.given("run", "words", "--overrides", wrong), world.cloud, root)
    assert bus.sent == []
    asked = '{"a": {"memory": 4096, "queue": "urgent"}}'
    assert (
        run(world.given("run", "words", "--token", "t", "--overrides", asked, "--detach"), world.cloud, root)
        == 0
    )
    assert json.loads(bus.sent[0]["Detail"])["overrides"] == json.loads(asked)
    assert capsys.readouterr().out.strip() == world.run_id_of("words", MANUAL, {"token": "t"})
