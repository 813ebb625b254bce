"""`sluice verify`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cli.cloud import Cloud
from cli.commands.published.verify import verify_results
from cli.errors import UsageError
from sluice.operate.errors import OperationError
from sluice.operate.verifying.verify import ReceiptMissingError
from sluice.receipts.receipt import PublishedFile, encoded
from tests.cli.harness import CommandHarness
from tests.sluice.clouds import START
from tests.sluice.graphs import RUN_ID, pipeline, step

NOW = START.isoformat(timespec="milliseconds")
FILES = {"2013/a.csv": b"a,b", "empty": b"", "totals.json": b"{}"}


def receipt(run: str = RUN_ID, files: dict[str, bytes] = FILES) -> bytes:
    """Return the receipt of these files."""
    facts: dict[str, Any] = {"receipt": 1, "run": run, "version": 0, "pipeline": "words"}
    named = (PublishedFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    return "".join(encoded(facts, named)).encode()


def offline() -> Cloud:
    """Fail: no cloud is to be asked."""
    raise AssertionError("A directory is checked without a cloud.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A downloaded folder of results."""
    for name, data in {**FILES, "_sluice.json": receipt()}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def publish(harness: CommandHarness, files: dict[str, bytes]) -> None:
    """Let a run publish files."""
    harness.begin(RUN_ID, NOW, pipeline(step("a")))
    s3, bucket = harness.cloud.client("s3"), harness.cloud.deployment.results
    s3.create_bucket(Bucket=bucket)
    for name, data in files.items():
        s3.put_object(Bucket=bucket, Key=f"words/{RUN_ID}/{name}", Body=data)


def test_a_directory_is_checked_offline(
    harness: CommandHarness, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All is as the receipt says."""
    assert verify_results(harness.given("verify", str(folder)), offline) == 0
    assert f"3 of 3 files are as the receipt of {RUN_ID} says." in capsys.readouterr().out


def test_what_differs_is_named(
    harness: CommandHarness, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is gone, one of the same size with another content, one of another size, and one more."""
    (folder / "empty").unlink()
    (folder / "2013" / "a.csv").write_bytes(b"a;b")
    (folder / "totals.json").write_bytes(b"{} ")
    (folder / "more.txt").write_bytes(b"")
    assert verify_results(harness.given("verify", str(folder)), offline) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["missing", "empty"],
        ["changed", "2013/a.csv"],
        ["changed", "totals.json"],
        ["additional", "more.txt"],
    ]
    assert lines[-1].endswith(f"0 of 3 files are as the receipt of {RUN_ID} says.")


def test_a_run_is_found_by_its_id_and_a_prefix_by_its_address(
    harness: CommandHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both read the same files of the bucket."""
    publish(harness, {**FILES, "_sluice.json": receipt()})
    assert verify_results(harness.given("verify", RUN_ID, "--json"), lambda: harness.cloud) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["run_id"], found["whole"], found["matching"]) == (RUN_ID, True, 3)
    bucket = harness.cloud.deployment.results
    address = f"s3://{bucket}/words/{RUN_ID}"
    assert verify_results(harness.given("verify", address), lambda: harness.cloud) == 0
    harness.cloud.client("s3").put_object(Bucket=bucket, Key=f"words/{RUN_ID}/empty", Body=b"x")
    assert verify_results(harness.given("verify", address), lambda: harness.cloud) == 1


def test_a_folder_without_a_receipt_says_so(harness: CommandHarness, tmp_path: Path) -> None:
    """The run has not succeeded yet."""
    with pytest.raises(ReceiptMissingError, match=r"found none\. A run writes it last"):
        verify_results(harness.given("verify", str(tmp_path)), offline)


def test_the_receipt_of_another_run_is_not_taken_for_this_ones(harness: CommandHarness) -> None:
    """A later run of the same key has replaced it."""
    publish(harness, {"_sluice.json": receipt("words-" + "z" * 20)})
    with pytest.raises(ReceiptMissingError, match="found that of words-z"):
        verify_results(harness.given("verify", RUN_ID), lambda: harness.cloud)


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"receipt": 1}', b'{"receipt": 99}', b"\xff"])
def test_a_file_that_is_no_receipt_is_refused(harness: CommandHarness, tmp_path: Path, text: bytes) -> None:
    """Cut off, of another kind, or of a newer version."""
    (tmp_path / "_sluice.json").write_bytes(text)
    with pytest.raises(OperationError, match="Expected a receipt"):
        verify_results(harness.given("verify", str(tmp_path)), offline)


@pytest.mark.parametrize("what", ["s3://", "s3://UPPER/x", "no/such/directory"])
def test_an_address_that_is_none_is_refused(harness: CommandHarness, what: str) -> None:
    """Before any cloud is asked."""
    with pytest.raises(UsageError):
        verify_results(harness.given("verify", what), offline)


def test_a_bucket_that_is_not_there_says_so(harness: CommandHarness) -> None:
    """By its name."""
    with pytest.raises(OperationError, match="Expected"):
        verify_results(harness.given("verify", "s3://no-such-bucket-here/x/"), lambda: harness.cloud)
