"""On the notice that a spot machine is taken away a job writes what is finished and begins nothing new."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from sluice import keys
from sluice.runtime.exit_codes import STOPPED
from sluice.runtime.supervisor import spot_notice
from sluice.runtime.supervisor.spot_notice import InstanceMetadata, watch_for_notice
from tests.sluice.runtime.jobs import WORK, Jobs
from tests.sluice.runtime.processes import ended, planned, started

TOKEN = "a-session's-token"
NOTICE = '{"action": "terminate", "time": "2026-11-28T18:00:00Z"}'


class Metadata:
    """An instance metadata service that answers only with a token; ``values`` is what it has."""

    def __init__(self) -> None:
        self.values = {"instance-life-cycle": "spot"}
        self.asked: list[str] = []
        metadata = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                known = self.path.endswith("/latest/api/token")
                seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
                self._answer(200 if known and seconds.isdecimal() else 400, TOKEN)

            def do_GET(self) -> None:
                if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
                    return self._answer(401, "")
                name = self.path.partition("/latest/meta-data/")[2]
                metadata.asked.append(name)
                value = metadata.values.get(name)
                return self._answer(404 if value is None else 200, value or "")

            def _answer(self, status: int, text: str) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}/of/this/job"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    """The metadata of a spot machine."""
    made = Metadata()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_noticed_child_writes_what_is_finished_and_begins_nothing(
    processes: Jobs, metadata: Metadata, tmp_path: Path
) -> None:
    """It does not end by itself: the machine ends it. The item under way at the notice is done."""
    jobs = processes
    run = planned(jobs)
    where = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint, "TOLD": str(tmp_path)}
    with started(jobs, run, "work", "waiting:told", 0, **where) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        (tmp_path / "0").touch()
        assert [process.stdout.readline() for _ in range(2)] == ["item 0\n", "item 1\n"]
        metadata.values["spot/instance-action"] = NOTICE
        assert process.stderr.readline().startswith("This spot machine is about to be taken away")
        begun = [0, 1]
        for number in range(1, 10):
            (tmp_path / str(number)).touch()
        with pytest.raises(TimeoutExpired):
            process.wait(3)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        begun += [int(line.removeprefix("item ")) for line in output.splitlines()]
    assert (process.returncode, begun) == (STOPPED, [0, 1])
    prefix = keys.child_results_prefix(run.run_id, "work", 0)
    parts = b"".join(jobs.read(WORK, key) for key in jobs.keys(WORK, prefix))
    assert parts == b'{"i":0,"r":0}\n{"i":1,"r":1}\n'
    again = ended(jobs, run, "work", "waiting:work", 0, AWS_BATCH_JOB_ATTEMPT="2")
    assert "child 0: 1 item, 2 of an earlier attempt" in again.output


def test_metadata_need_a_token(metadata: Metadata) -> None:
    """It is asked for when it is missing."""
    found = InstanceMetadata.from_env({"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.endpoint + "/"})
    assert found is not None
    assert [found.get("instance-life-cycle"), found.get("spot/instance-action")] == ["spot", None]
    metadata.values["spot/instance-action"] = NOTICE
    assert found.get("spot/instance-action") == NOTICE


def test_metadata_may_be_disabled() -> None:
    """By the variable of AWS's SDKs."""
    assert InstanceMetadata.from_env({"AWS_EC2_METADATA_DISABLED": "true"}) is None
    default = InstanceMetadata.from_env({})
    assert default is not None
    assert default.endpoint == "http://169.254.169.254"


@pytest.mark.parametrize("kind", ["on-demand", "none at all"])
def test_another_machine_is_not_watched(
    kind: str, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On demand it is asked once; where there is no metadata three times."""
    metadata.values = {"instance-life-cycle": kind, "spot/instance-action": NOTICE}
    endpoint = metadata.endpoint if kind == "on-demand" else "http://127.0.0.1:9"
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
    monkeypatch.setattr(spot_notice, "POLL_SECONDS", 0.01)
    noticed: list[bool] = []
    watch_for_notice(lambda: noticed.append(True))
    for thread in threading.enumerate():
        if thread.name == "spot-notice":
            thread.join(10)
            assert not thread.is_alive()
    assert noticed == []
    assert metadata.asked == (["instance-life-cycle"] if kind == "on-demand" else [])
