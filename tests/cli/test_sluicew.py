"""The wrapper of a project: brings the version that sluice.toml names, once, and runs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.commands.init import STARTER

MAKEFILE = """
sluice:
\t@echo set up >> $(COUNT)
\t@mkdir -p .venv/bin && cp program .venv/bin/sluice && chmod +x .venv/bin/sluice
"""
FILE = (
    '[sluice]\nsource = "{source}"\nversion = "{version}" # to upgrade\n\n[settings]\nversion = "not this"\n'
)


class Wrapped:
    """A project beside a repository that stands for Sluice's, with the versions one and two."""

    def __init__(self, root: Path) -> None:
        self.root, self.source = root / "a project", root / "source"
        self.root.mkdir()
        self.source.mkdir()
        self.count, self.cache = root / "count", root / "cache"
        self.count.touch()
        self._git("init", "-q")
        for version in ("one", "two"):
            (self.source / "Makefile").write_text(MAKEFILE)
            (self.source / "program").write_text(f'#!/bin/sh\necho {version} "$SLUICE_PROJECT" "$@"\n')
            self._git("add", "-A")
            self._git("-c", "user.name=a", "-c", "user.email=a@b.de", "commit", "-qm", version)
            self._git("tag", version)
        wrapper = self.root / "sluicew"
        wrapper.write_text((STARTER / "sluicew").read_text())
        wrapper.chmod(0o755)

    def set_up(self, folder: Path) -> Path:
        """Set a folder of the repository up as its Makefile does, and note that it wrote the project."""
        (folder / ".git" / "info" / "exclude").write_text(".venv\n")
        subprocess.run(["make", "-s", "-C", folder, "sluice", f"COUNT={self.count}"], check=True)
        note = self.root / ".sluice" / "written-by"
        note.parent.mkdir(exist_ok=True)
        note.write_text(f"{folder}\n")
        return folder

    def clone(self) -> Path:
        """Return a clone of the repository."""
        self._git("clone", "-q", self.source, self.root.parent / "clone")
        return self.root.parent / "clone"

    def _git(self, *words: str | Path) -> None:
        subprocess.run(["git", "-C", self.source, *words], check=True)

    def name(self, version: str, source: str = "../source") -> None:
        """Let the file name a version."""
        (self.root / "sluice.toml").write_text(FILE.format(source=source, version=version))

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the wrapper."""
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.root),
            "SLUICE_CACHE": str(self.cache),
            "COUNT": str(self.count),
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [self.root / "sluicew", *words], stdout=pipe, stderr=pipe, text=True, env=environment, cwd="/"
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run the wrapper, and return its exit code and what it printed."""
        with self.start(*words) as process:
            said, noted = process.communicate(timeout=60)
        return process.returncode, said.strip(), noted


@pytest.fixture
def wrapped(tmp_path: Path) -> Wrapped:
    """A project and the repository of its Sluice."""
    return Wrapped(tmp_path)


def test_the_pinned_version_is_brought_and_set_up_once(wrapped: Wrapped) -> None:
    """From a folder relative to the project, and silently from then on; words arrive as they are."""
    wrapped.name("one")
    assert wrapped.run("a b", "c")[:2] == (0, f"one {wrapped.root} a b c")
    assert wrapped.run("d") == (0, f"one {wrapped.root} d", "")
    assert wrapped.count.read_text().count("set up") == 1


def test_upgrading_is_a_change_of_one_line_and_so_is_going_back(wrapped: Wrapped) -> None:
    """Each version is set up once."""
    for version in ("one", "two", "one"):
        wrapped.name(version)
        assert wrapped.run()[1].split()[0] == version
    assert wrapped.count.read_text().count("set up") == 2


def test_the_folder_that_wrote_the_project_is_not_set_up_a_second_time(wrapped: Wrapped) -> None:
    """As long as it has the pinned version as it was committed: then one in the cache stands for it."""
    wrapped.set_up(wrapped.source)
    wrapped.name("two", str(wrapped.source))
    assert wrapped.run("a") == (0, f"two {wrapped.root} a", "")
    assert not wrapped.cache.exists()
    wrapped.name("one", str(wrapped.source))
    assert wrapped.run()[1].split()[0] == "one"
    assert len(list(wrapped.cache.glob("one-*/.ready"))) == 1
    wrapped.name("two", str(wrapped.source))
    (wrapped.source / "changed").touch()
    assert wrapped.run()[1].split()[0] == "two"
    assert len(list(wrapped.cache.glob("two-*/.ready"))) == 1


def test_a_folder_that_came_from_elsewhere_does_not_stand_for_the_source(wrapped: Wrapped) -> None:
    """One that came from the source does."""
    clone = wrapped.set_up(wrapped.clone())
    wrapped.name("two", str(wrapped.source))
    assert wrapped.run()[1].split()[0] == "two"
    assert not wrapped.cache.exists()
    subprocess.run(["git", "-C", clone, "remote", "set-url", "origin", "elsewhere"], check=True)
    assert wrapped.run()[1].split()[0] == "two"
    assert wrapped.cache.exists()


def test_two_at_once_set_up_once(wrapped: Wrapped) -> None:
    """The second waits; a lock that a process left behind is no hindrance."""
    wrapped.name("one")
    processes = [wrapped.start(str(number)) for number in range(3)]
    said = [process.communicate(timeout=60)[0].split()[0] for process in processes]
    assert said == ["one"] * 3
    assert wrapped.count.read_text().count("set up") == 1
    (home,) = [one for one in wrapped.cache.iterdir() if (one / ".ready").exists()]
    (home / ".ready").unlink()
    home.with_name(f"{home.name}.lock").symlink_to("4194303999")
    assert wrapped.run()[0] == 0


@pytest.mark.parametrize(("version", "source"), [("three", "../source"), ("one", "../nowhere")])
def test_what_cannot_be_brought_is_said_and_tried_again_later(
    version: str, source: str, wrapped: Wrapped
) -> None:
    """Nothing half-made stays."""
    wrapped.name(version, source)
    code, _, noted = wrapped.run()
    assert (code, f"Expected the version {version} in" in noted) == (1, True)
    wrapped.name("one")
    assert wrapped.run()[0] == 0


def test_a_set_up_that_fails_shows_why_and_is_not_kept(wrapped: Wrapped) -> None:
    """The next call tries again."""
    wrapped.name("one")
    wrapped.count.unlink()
    wrapped.count.mkdir()
    code, _, noted = wrapped.run()
    assert (code, "Expected `make sluice` to succeed" in noted, "irectory" in noted) == (1, True, True)
    wrapped.count.rmdir()
    assert wrapped.run()[0] == 0


def test_a_set_up_says_what_takes_its_time(wrapped: Wrapped) -> None:
    """Each line of it as it begins."""
    slow = MAKEFILE.replace("sluice:\n", "sluice:\n\t@sleep 1; echo 'Python packages …'; sleep 1\n")
    (wrapped.source / "Makefile").write_text(slow)
    wrapped.name("")
    noted = wrapped.run()[2].splitlines()
    assert noted[0].startswith("Setting up Sluice in ")
    assert noted[1:] == ["Python packages …"]


@pytest.mark.parametrize("missing", ["git", "make"])
def test_a_machine_without_what_it_needs_is_told(missing: str, wrapped: Wrapped, tmp_path: Path) -> None:
    """Before anything is brought."""
    wrapped.name("one")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"bash", "dirname", "sed", "head", "git", "make"} - {missing}:
        (programs / name).symlink_to(Path("/usr/bin") / name)
    ran = subprocess.run(
        ["/usr/bin/bash", wrapped.root / "sluicew"],
        env={"PATH": str(programs), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"Expected {missing} on the PATH, found none.")


def test_a_file_without_a_source_is_refused(wrapped: Wrapped) -> None:
    """With the line that is missing."""
    (wrapped.root / "sluice.toml").write_text("[settings]\n")
    assert wrapped.run()[2].startswith('Expected source = "…" below [sluice]')
