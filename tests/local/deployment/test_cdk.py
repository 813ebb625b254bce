"""The CDK's command line."""

import json
from pathlib import Path

import pytest

from local.deployment import cdk
from local.errors import LocalCloudError
from local.paths import REPOSITORY, LocalCloudPaths


def test_the_version_is_pinned_exactly() -> None:
    """package.json names one version, and the lock file the same: a 3.x CLI refuses this library's
    assemblies.
    """
    pinned = cdk.pinned_version()
    assert all(part.isdecimal() for part in pinned.split("."))
    lock = json.loads((REPOSITORY / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/aws-cdk"]["version"] == pinned


def test_the_lock_file_names_no_registry() -> None:
    """The lock file holds what a package is, by its hash, and not where it came from."""
    assert "resolved" not in (REPOSITORY / "package-lock.json").read_text()


def test_a_failure_shows_what_the_cdk_said(tmp_path: Path) -> None:
    """When the CLI fails, its own words are in the error."""
    cdk.install_cli()
    with pytest.raises(LocalCloudError, match="no-such-command"):
        cdk.run(LocalCloudPaths(1, tmp_path / "state"), ["no-such-command"], tmp_path)


def test_an_asset_that_failed_is_shown_without_what_led_there(tmp_path: Path) -> None:
    """The outputs of the stacks before it, of which there are dozens, are no reason."""
    program = tmp_path / "cdk"
    lines = [
        "SluiceControl.TrackQueue = http://localhost:4566/1",
        "SluicePipelines: fail: docker build: no such host",
        "Failed to build asset StepImage",
    ]
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines) + "exit 1\n")
    program.chmod(0o755)
    with pytest.raises(LocalCloudError) as raised:
        cdk._run([str(program)], tmp_path, {"PATH": "/bin:/usr/bin"})
    assert str(raised.value).splitlines()[1:] == lines[1:]
