"""`sluice local`."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest
from botocore.exceptions import ClientError

from cli.main import main
from local.deployment.one_at_a_time import one_at_a_time
from local.paths import REPOSITORY, LocalCloudPaths
from local.secret_key import secret_key
from local.server.lock import hold, holder
from tests.conftest import free_port
from tests.local.server.test_cloud import client


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalCloudPaths:
    """Where a cloud of this test would be."""
    monkeypatch.setenv("SLUICE_HOME", str(tmp_path))
    return LocalCloudPaths.of(free_port())


@pytest.mark.parametrize("port", ["0", "80", "65536", "-1", "http", ""])
def test_bad_ports_are_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no port for a program without privileges is refused with what was expected."""
    with pytest.raises(SystemExit, match="2"):
        main(["local", "up", f"--port={port}"])
    assert "expected a port from 1024 to 65535" in capsys.readouterr().err


def test_down_says_that_nothing_runs(place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
    """`down` without a cloud fails and says so."""
    assert main(["local", "down", f"--port={place.port}"]) == 1
    assert f"Expected a local cloud on port {place.port}, found none" in capsys.readouterr().err


def test_env_prints_what_a_shell_takes(place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
    """`env` prints export lines for every variable that an AWS client needs, this cloud's own secret too."""
    assert main(["local", "env", f"--port={place.port}"]) == 0
    out, notes = capsys.readouterr()
    assert f"`sluice local up --detach --port {place.port}` starts one" in " ".join(notes.split())
    assert out.splitlines() == [
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
        f"export AWS_ENDPOINT_URL=http://127.0.0.1:{place.port}",
        "export AWS_ACCESS_KEY_ID=000000000000",
        f"export AWS_SECRET_ACCESS_KEY={secret_key(place.secret_file)}",
        "export AWS_REGION=us-east-1",
        "export AWS_DEFAULT_REGION=us-east-1",
    ]


def test_env_of_a_cloud_that_runs_says_no_more(
    place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lines are all."""
    with hold(place.pid_file):
        assert main(["local", "env", f"--port={place.port}"]) == 0
    assert capsys.readouterr().err == ""


def test_a_broken_file_does_not_stop_the_code_of_another_pipeline(
    place: LocalCloudPaths,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Which is named; the mistake is said. A mistake of its own stops it, and so does one without a name."""
    deployed: list[list[str]] = []
    monkeypatch.setattr("cli.commands.local.update_code", lambda *given: deployed.append(given[-1]))
    monkeypatch.setenv("SLUICE_PROJECT", "")
    root = tmp_path / "team"
    assert main(["init", str(root), "--source", str(REPOSITORY)]) == 0
    monkeypatch.chdir(root)
    (root / "pipelines" / "broken.py").write_text("pipeline = (\n")
    command = ["local", "deploy", f"--port={place.port}"]
    with hold(place.pid_file):
        assert main([*command, "words"]) == 0
        assert "pipelines/broken.py" in capsys.readouterr().err
        assert main([*command, "broken"]) != 0
        assert main(command) != 0
    assert deployed == [["words"]]


def test_a_deploy_waits_for_another_one_to_the_same_cloud(
    place: LocalCloudPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And looks at what is to be deployed when it is its turn."""
    seen = SimpleQueue[str]()
    monkeypatch.setattr("cli.commands.local._print", seen.put)
    monkeypatch.setattr("cli.commands.local.update", lambda *_: seen.put("deployed"))
    monkeypatch.setattr("cli.commands.local.note_buckets", lambda _: None)
    deploy = Thread(target=main, args=(["local", "deploy", f"--port={place.port}"],))
    with hold(place.pid_file):
        with one_at_a_time(place, seen.put):
            deploy.start()
            assert seen.get(timeout=60).startswith("wait ")
            assert seen.empty()
        assert seen.get(timeout=60) == "deployed"
        deploy.join(60)


def test_up_and_down(place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]) -> None:
    """`up --detach` leaves a cloud that answers, a second `up` refuses, and `down` ends it."""
    up = ["local", "up", "--empty", "--detach", f"--port={place.port}"]
    assert main(up) == 0
    try:
        assert holder(place.pid_file)
        assert f"export AWS_ENDPOINT_URL={place.endpoint}" in capsys.readouterr().out
        assert main(up) == 1
        assert "found one" in capsys.readouterr().err
        assert holder(place.pid_file)
    finally:
        assert main(["local", "down", f"--port={place.port}"]) == 0
    assert holder(place.pid_file) is None


def test_alerts_are_what_people_would_have_been_sent(
    place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    """None at first, which is said beside the result; then each as its recipient gets it, or as JSON. Of a
    cloud that does not run there are none.
    """
    alerts = ["local", "alerts", f"--port={place.port}"]
    assert main(alerts) == 1
    assert f"Expected a local cloud on port {place.port}, found none" in capsys.readouterr().err
    assert main(["local", "up", "--empty", "--detach", f"--port={place.port}"]) == 0
    try:
        capsys.readouterr()
        assert main(alerts) == 0
        assert capsys.readouterr() == ("", "sluice: No alert was sent since this cloud began.\n")
        sns = client(place, "sns")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@example.com")
        sns.publish(TopicArn=topic, Subject="It failed", Message="Because of\x1b[31m this.")
        assert main(alerts) == 0
        (_, *lines) = capsys.readouterr().out.splitlines()
        assert [line.strip() for line in lines] == [
            "E-mail to you@example.com",
            "│ Subject: It failed",
            "│",
            "│ Because of\\x1b[31m this.",
        ]
        assert main([*alerts, "--json"]) == 0
        (found,) = json.loads(capsys.readouterr().out)
        assert (found["protocol"], found["endpoint"], found["subject"]) == (
            "email",
            "you@example.com",
            "It failed",
        )
    finally:
        assert main(["local", "down", f"--port={place.port}"]) == 0


def test_an_empty_cloud_wants_its_own_secret_too(
    place: LocalCloudPaths, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that `local env` prints, which no other cloud has; a key of one's own is none."""
    other = replace(place, state=place.state / "other")
    assert main(["local", "up", "--empty", "--detach", f"--port={place.port}"]) == 0
    try:
        printed = capsys.readouterr().out
        assert f"export AWS_SECRET_ACCESS_KEY={secret_key(place.secret_file)}" in printed
        client(place, "lambda").list_functions()
        for secret in ("test", secret_key(other.secret_file)):
            with pytest.raises(ClientError, match=r"SignatureDoesNotMatch|InvalidSignature"):
                client(place, "lambda", aws_secret_access_key=secret).list_functions()
        with pytest.raises(HTTPError, match="403"):
            build_opener(ProxyHandler({})).open(f"{place.endpoint}/2015-03-31/functions", timeout=30)
    finally:
        assert main(["local", "down", f"--port={place.port}"]) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_ends_with_its_cloud(place: LocalCloudPaths, number: signal.Signals) -> None:
    """`up` stays until Ctrl-C, or until it gets a signal to end, and leaves no process behind.

    A process that was started where SIGINT is ignored, as a shell does in its background, would ignore it.
    """
    command = [sys.executable, "-m", "cli.main", "local", "up", "--empty", f"--port={place.port}"]
    heeds_ctrl_c = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heeds_ctrl_c)
    try:
        assert any("Ctrl-C" in line for line in running.stdout or ())
        cloud = holder(place.pid_file)
        running.send_signal(number)
        assert running.wait(timeout=120) == 130
    finally:
        running.kill()
        running.communicate()
    assert cloud
    assert holder(place.pid_file) is None
