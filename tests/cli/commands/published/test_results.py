"""`sluice results`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.commands.published.results import results
from sluice.operate.errors import RequestError, RunNotFoundError
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step

NOW = START.isoformat(timespec="milliseconds")


def publish(harness: CommandHarness, files: dict[str, bytes]) -> None:
    """Let a run publish files."""
    harness.begin(RUN_ID, NOW, pipeline(step("a")))
    s3, bucket = harness.cloud.client("s3"), harness.cloud.deployment.results
    s3.create_bucket(Bucket=bucket)
    for name, data in files.items():
        s3.put_object(Bucket=bucket, Key=f"words/{RUN_ID}/{name}", Body=data)


def test_files_are_listed_with_their_addresses(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name; `latest` is the newest run."""
    publish(harness, {"counts.json": b"{}", "2013/a.csv": b"a,b"})
    assert results(harness.given("results", "latest"), harness.cloud) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["2013/a.csv", "3"], ["counts.json", "2"]]
    assert lines[1].split()[2].endswith(f"/words/{RUN_ID}/2013/a.csv")


def test_files_are_downloaded_whole(
    harness: CommandHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also an empty one, and folders are made."""
    publish(harness, {"2013/a.csv": b"a,b", "empty": b""})
    given = harness.given("results", RUN_ID, "--download", str(tmp_path / "new"), "--json")
    assert results(given, harness.cloud) == 0
    assert (tmp_path / "new" / "2013" / "a.csv").read_bytes() == b"a,b"
    assert (tmp_path / "new" / "empty").read_bytes() == b""
    assert [file["name"] for file in json.loads(capsys.readouterr().out)["files"]] == ["2013/a.csv", "empty"]
    assert not list(tmp_path.rglob("*.part"))


def test_a_name_that_leads_out_of_the_folder_is_refused(harness: CommandHarness, tmp_path: Path) -> None:
    """A step's name is data: nothing is written elsewhere."""
    publish(harness, {"../../out.txt": b"x"})
    with pytest.raises(RequestError, match="Expected names of files below"):
        results(harness.given("results", RUN_ID, "--download", str(tmp_path / "in")), harness.cloud)
    assert list(tmp_path.rglob("out.txt")) == []


def test_a_run_without_files_says_so(harness: CommandHarness, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty table would look like a mistake."""
    publish(harness, {})
    assert results(harness.given("results", RUN_ID), harness.cloud) == 0
    assert "has published no files" in capsys.readouterr().out


def test_there_is_no_latest_run_yet(harness: CommandHarness) -> None:
    """The ledger is empty."""
    with pytest.raises(RunNotFoundError):
        results(harness.given("results", "latest"), harness.cloud)
