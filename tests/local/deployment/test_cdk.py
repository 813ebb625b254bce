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
