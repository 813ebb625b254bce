"""The cache of synthesised apps."""

from pathlib import Path

import pytest

from local.deployment import cdk, synth
from local.paths import LocalCloudPaths


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """The sources of an app."""
    directory = tmp_path / "app"
    (directory / "sluice" / "__pycache__").mkdir(parents=True)
    (directory / "app.py").write_text("app = 1\n")
    (directory / "sluice" / "model.py").write_text("model = 1\n")
    return directory


def test_every_source_counts(app: Path) -> None:
    """A changed, added, moved or removed source changes the digest."""
    digests = {synth.digest(app, {})}
    (app / "sluice" / "model.py").write_text("model = 2\n")
    digests.add(synth.digest(app, {}))
    (app / "sluice" / "added.py").write_text("")
    digests.add(synth.digest(app, {}))
    (app / "sluice" / "added.py").rename(app / "sluice" / "moved.py")
    digests.add(synth.digest(app, {}))
    (app / "app.py").unlink()
    digests.add(synth.digest(app, {}))
    assert len(digests) == 5


def test_compiled_files_do_not_count(app: Path) -> None:
    """What running the app leaves behind does not change the digest."""
    before = synth.digest(app, {})
    (app / "sluice" / "__pycache__" / "model.pyc").write_bytes(b"0")
    assert synth.digest(app, {}) == before


def test_settings_count(app: Path) -> None:
    """A setting that the app reads changes the digest; other variables and where the state lies do not."""
    before = synth.digest(app, {})
    assert synth.digest(app, {"ALERT_EMAIL": "a@example.org"}) != before
    assert synth.digest(app, {"EDITOR": "vi", "SLUICE_HOME": "/somewhere"}) == before


def test_an_unchanged_app_is_synthesised_once(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second deploy of the same sources takes the templates of the first."""
    runs = []

    def synthesise(_place: LocalCloudPaths, arguments: list[str], *_: object) -> None:
        runs.append(arguments)
        Path(arguments[-1]).mkdir(parents=True)
        (Path(arguments[-1]) / "manifest.json").write_text("{}")

    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cdk, "run", synthesise)
    paths = LocalCloudPaths(1, tmp_path)
    first, second = synth.assembly(paths, app), synth.assembly(paths, app)
    (app / "app.py").write_text("app = 2\n")
    third = synth.assembly(paths, app)
    assert (first == second != third, len(runs)) == (True, 2)
    assert all((directory / "manifest.json").exists() for directory in (first, third))


def test_the_assemblies_that_were_used_last_are_kept(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old assemblies go, the one that is asked for never does, nor one that another process is making."""

    def synthesise(_place: LocalCloudPaths, arguments: list[str], *_: object) -> None:
        Path(arguments[-1]).mkdir(parents=True)

    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cdk, "run", synthesise)
    paths = LocalCloudPaths(1, tmp_path)
    in_the_making = tmp_path / "home" / "synth" / "0123.4566"
    in_the_making.mkdir(parents=True)
    made = []
    for version in range(synth.KEPT_ASSEMBLIES + 2):
        (app / "app.py").write_text(f"app = {version}\n")
        made.append(synth.assembly(paths, app))
        assert made[-1].exists()
    assert in_the_making.exists()
    assert len([path for path in made if path.exists()]) == synth.KEPT_ASSEMBLIES


def test_two_processes_may_synthesise_the_same(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When another process finished the same assembly first, its files are used and left as they are."""
    paths = LocalCloudPaths(1, tmp_path)

    def synthesise(_place: LocalCloudPaths, arguments: list[str], *_: object) -> None:
        building = Path(arguments[-1])
        building.mkdir(parents=True)
        (building / "manifest.json").write_text("mine")
        building.with_suffix("").mkdir()
        (building.with_suffix("") / "manifest.json").write_text("theirs")

    monkeypatch.setenv("SLUICE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cdk, "run", synthesise)
    assert (synth.assembly(paths, app) / "manifest.json").read_text() == "theirs"
    assert len(list((tmp_path / "home" / "synth").iterdir())) == 1
