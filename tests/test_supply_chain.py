"""Nothing is installed that this repository does not name by its hash or commit."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^ ;\\]+)", re.MULTILINE)
NAMED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*\])?(?:==([^ ;#]+))?", re.MULTILINE)
SOURCES = sorted(
    path
    for folder in (
        ROOT,
        ROOT / "console",
        ROOT / "sluice" / "runtime",
        *(ROOT / "containers").iterdir(),
        *(ROOT / "examples" / "containers").iterdir(),
    )
    for path in folder.glob("requirements*.in")
)


def normal(name: str) -> str:
    """Return a name as package registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(path: Path) -> dict[str, str]:
    """Return the version of each package that a lock has; each must have a hash."""
    text = path.read_text()
    entries = [entry for entry in re.split(r"\n(?=[A-Za-z0-9])", text) if not entry.startswith("#")]
    without = [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert without == []
    return {normal(name): version for name, version in PINNED.findall(text)}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_asked_for_is_locked_with_hashes(source: Path) -> None:
    """`make lock` was run after the last change of a source."""
    found = locked(source.with_suffix(".txt"))
    lines = [line for line in source.read_text().splitlines() if line and not line.startswith(("#", "-r"))]
    assert lines
    for line in lines:
        match = NAMED.match(line)
        assert match, line
        name, version = match.groups()
        assert normal(name) in found, f"{name} is not locked: run `make lock`"
        assert version in (None, found[normal(name)]), f"{name} is locked at another version: run `make lock`"


def test_what_is_locked_for_all_is_locked_the_same_for_developers() -> None:
    """One environment has both."""
    everybody, developers = locked(ROOT / "requirements.txt"), locked(ROOT / "requirements-dev.txt")
    assert {name: developers.get(name) for name in everybody} == everybody


def test_the_images_of_before_install_the_same() -> None:
    """Dockerfiles of before read this copy, before anything else of Sluice is in the image."""
    copies = [ROOT / folder / "requirements.txt" for folder in ("sluice/runtime", "containers/step")]
    assert copies[0].read_text() == copies[1].read_text()


def test_the_image_of_an_example_has_the_prices_that_the_tests_have() -> None:
    """The pin of the image is the pin of this environment."""
    pin = (ROOT / "examples" / "containers" / "post_trade" / "requirements.txt").read_text()
    assert pin in (ROOT / "requirements-data.txt").read_text()


def test_the_image_that_reads_reports_has_the_pyarrow_that_the_tests_have() -> None:
    """The pin of the image is the pin of this environment."""
    pin = (ROOT / "containers" / "backfill_reports" / "requirements.txt").read_text()
    assert pin in (ROOT / "requirements-dev.txt").read_text()


def test_actions_are_named_by_commit() -> None:
    """A tag can be moved."""
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    used = [line for path in workflows for line in re.findall(r"uses: *(\S+)", path.read_text())]
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", line)] == []


def folders_with(name: str) -> set[str]:
    """Return the folders of ours that have such a file, as the updates name them."""
    rooms = (ROOT, ROOT / "console", ROOT / "sluice", ROOT / "containers", ROOT / "examples" / "containers")
    found = {path.parent for room in rooms for path in (*room.glob(name), *room.glob(f"*/{name}"))}
    return {f"/{path.relative_to(ROOT)}".replace("/.", "/") for path in found if path.name != "node_modules"}


@pytest.mark.parametrize(
    ("ecosystem", "name"), [("pip", "requirements*.txt"), ("docker", "Dockerfile"), ("npm", "package.json")]
)
def test_what_is_pinned_is_kept_up_to_date(ecosystem: str, name: str) -> None:
    """Whatever has a lock or pins an image is in a folder that the updates look into."""
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    asked = next(one for one in updates if one["package-ecosystem"] == ecosystem)
    wanted = asked.get("directories") or [asked["directory"]]
    found = folders_with(name)
    assert found
    assert [one for one in found if not any(fnmatch(one, pattern) for pattern in wanted)] == []


def test_node_packages_have_their_hashes() -> None:
    """npm checks them."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    named = {name: entry for name, entry in packages.items() if name}
    assert named
    assert [name for name, entry in named.items() if "integrity" not in entry] == []
