"""`sluice init DIR` and `sluice new NAME`: write a project, and a pipeline more."""

from __future__ import annotations

import argparse
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from string import Template

from pydantic import TypeAdapter

from cli.console import print_line
from cli.errors import UsageError
from cli.options import Commands
from cli.project import EXAMPLES, current_project
from local.paths import REPOSITORY
from sluice.pipeline.definition import Name
from sluice.pipeline.image_folder import CONTAINERS, package_of
from sluice.pipeline.loading import PIPELINES, load_pipeline
from sluice.pipeline.validation.fields import checked
from stacks.project import FILE

STARTER = REPOSITORY / "cli" / "starter"
NAME = "words"
REQUIREMENTS = "requirements.txt"
STATE = ".sluice"
"""What sluicew keeps in a project, and nobody commits."""
_DOTTED = {"gitignore": ".gitignore", "github": ".github"}
"""What begins with a dot in a project, and is no file of this repository's own here."""


def add_to(commands: Commands) -> None:
    """Add the two commands to the parser's commands."""
    init_parser = commands.add_parser(
        "init", help="write a project", description="Writes a project that works at once into a new folder."
    )
    init_parser.add_argument("folder", metavar="DIR", type=Path)
    about = "where its sluicew brings Sluice from: a git address or a folder; default: this one"
    init_parser.add_argument("--source", metavar="ADDRESS", help=about)
    init_parser.add_argument(
        "--version", metavar="TEXT", help="the tag or commit; default: the commit of this one"
    )
    init_parser.set_defaults(run=init)
    new_parser = commands.add_parser(
        "new", help="add a pipeline", description="Adds a pipeline with its functions and its test."
    )
    new_parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and hyphens")
    new_parser.add_argument("--from", dest="example", metavar="EXAMPLE", help="an example as the pattern")
    new_parser.set_defaults(run=lambda given: new(given, current_project().root))


def init(given: argparse.Namespace) -> int:
    """Write a project; raises UsageError for a folder that is one or has other files."""
    root: Path = given.folder.resolve()
    if root.exists() and not _is_empty(root):
        raise UsageError(f"Expected a folder that is new or empty, found {root}.")
    if given.source and given.version is None and not Path(given.source).is_dir():
        raise UsageError("Expected --version beside a --source that is no folder, found none.")
    values = {"name": root.name, **_source(given.source, given.version)}
    for path in _files(STARTER):
        _write(path, root / _target(path.relative_to(STARTER)), values)
    if not given.source:
        _name_this_one(root)
    print_line(f"A project in {root}. Go on there: ./sluicew test")
    return 0


def new(given: argparse.Namespace, root: Path) -> int:
    """Add a pipeline to a project; raises UsageError for a name that is taken or cannot be one, or an example
    that is none.
    """
    mistakes = tuple(checked("NAME", TypeAdapter(Name), given.name))
    if mistakes:
        raise UsageError(str(mistakes[0]))
    package = package_of(given.name)
    pattern, folder, test = _pattern(given.example)
    targets = {
        pattern: root / PIPELINES / f"{package}.py",
        test: root / "tests" / f"test_{package}.py",
        **{path: root / CONTAINERS / package / name for name, path in _code(folder).items()},
    }
    if taken := [path for path in targets.values() if path.exists()]:
        raise UsageError(f"Expected a new name, found {taken[0].relative_to(root)}.")
    for source, target in targets.items():
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_renamed(source.read_text(), pattern.stem, given.name))
            print_line(str(target.relative_to(root)))
    load_pipeline(root, given.name)
    return 0


def _pattern(example: str | None) -> tuple[Path, Path, Path]:
    """Return the pipeline's file, its folder in containers/ and its test of an example or the starter."""
    root, package = (EXAMPLES, package_of(example)) if example else (STARTER, NAME)
    file = root / PIPELINES / f"{package}.py"
    if example and example not in patterns():
        raise UsageError(f"Expected an example ({', '.join(patterns())}), found {example!r}.")
    return file, root / CONTAINERS / package, root / "tests" / f"test_{package}.py"


def _code(folder: Path) -> dict[Path, Path]:
    """Return what an image's folder has, by its new name: of packages what is asked for, in place of the lock
    and the Dockerfile, which are for this repository's own way to install them.
    """
    files = {path.relative_to(folder): path for path in _files(folder)}
    if asked := files.pop(Path("requirements.in"), None):
        files[Path(REQUIREMENTS)] = asked
        files.pop(Path("Dockerfile"), None)
    return files


def patterns() -> list[str]:
    """Return the examples that stand alone: one that begins after others is no pipeline without them."""
    files = (EXAMPLES / PIPELINES).glob("[!_]*.py")
    return sorted(one.stem.replace("_", "-") for one in files if "AfterRun(" not in one.read_text())


def _is_empty(folder: Path) -> bool:
    """Return whether a folder has nothing, or a new repository's own files alone."""
    return folder.is_dir() and all(one.name == ".git" for one in folder.iterdir())


def _files(folder: Path) -> list[Path]:
    return [one for one in sorted(folder.rglob("*")) if one.is_file() and "__pycache__" not in one.parts]


def _renamed(text: str, old: str, name: str) -> str:
    """Return a text with an example's name replaced where it is a module's, the pipeline's or a prefix."""
    modules = re.sub(rf"\b(containers|pipelines)\.{old}\b", rf"\1.{package_of(name)}", text)
    hyphened = old.replace("_", "-")
    return re.sub(rf'(name="|"(?=[^"]*/)|/(?={hyphened}/)){hyphened}\b', rf"\g<1>{name}", modules)


def _write(source: Path, target: Path, values: Mapping[str, str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text()
    # The wrapper's own dollars are the shell's.
    target.write_text(Template(text).safe_substitute(values) if target.name in (FILE, "README.md") else text)
    target.chmod(source.stat().st_mode & 0o777)


def _target(path: Path) -> Path:
    return Path(*(_DOTTED.get(part, part) for part in path.parts))


def _source(source: str | None, version: str | None) -> dict[str, str]:
    """Return where a project's Sluice comes from: this one at its commit, unless it is said."""
    unsaid = "" if source else _commit()
    return {"source": source or _address(), "version": unsaid if version is None else version}


def _name_this_one(root: Path) -> None:
    """Let the project's sluicew use this folder, as long as it has the version that the project names: who
    has set it up has no need of a second one in the cache.
    """
    note = root / STATE / "written-by"
    note.parent.mkdir(exist_ok=True)
    note.write_text(f"{REPOSITORY}\n")


def _address() -> str:
    """Return where this Sluice came from: its git remote, or else its folder."""
    return _git("config", "--get", "remote.origin.url") or str(REPOSITORY)


def _commit() -> str:
    return _git("rev-parse", "HEAD")


def _git(*words: str) -> str:
    command = ["git", "-C", str(REPOSITORY), *words]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - git
    except FileNotFoundError:
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
