"""Names at the places where they stood before: the same objects, with a warning; and what imports load."""

from __future__ import annotations

import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

from sluice.deprecated import moved

ROOT = Path(__file__).parents[2]
MOVED = {
    "containers.step.api": {
        "Delivery": "sluice.steps:WebhookDelivery",
        "Item": "sluice.steps:Item",
        "Moment": "sluice.steps:ScheduledTime",
        "Out": "sluice.steps:Out",
        "Request": "sluice.steps:Request",
        "Results": "sluice.steps:Results",
        "Trigger": "sluice.steps:Trigger",
        "Upload": "sluice.steps:Upload",
        "Uploads": "sluice.steps:Uploads",
    },
    "sluice.trigger": {
        "Delivery": "sluice.steps:WebhookDelivery",
        "Moment": "sluice.steps:ScheduledTime",
        "Request": "sluice.steps:Request",
    },
    "containers.step.node": {"Node": "sluice.steps:Node"},
    "sluice.pipeline": {
        name: f"sluice:{name}"
        for name in (
            "INPUT",
            "Array",
            "Job",
            "Limit",
            "Manual",
            "MultiNode",
            "NodeGroup",
            "Pipeline",
            "Plan",
            "Resubmit",
            "S3Upload",
            "Schedule",
            "Webhook",
            "always",
            "finished",
        )
    },
    "sluice.mounts": {name: f"sluice:{name}" for name in ("EfsMount", "HostMount")},
    "sluice.retry_rules": {"EvaluateOnExit": "sluice:EvaluateOnExit"},
    "sluice.secret_sources": {"Secret": "sluice:Secret"},
}
NAMES = [(module, name, now) for module, names in MOVED.items() for name, now in names.items()]


@pytest.mark.parametrize(("module", "name", "now"), NAMES, ids=[f"{one[0]}.{one[1]}" for one in NAMES])
def test_an_old_name_is_the_very_same_object_and_warns_once_at_the_line_that_imports(
    module: str, name: str, now: str
) -> None:
    """The warning says what to write instead."""
    where, _, renamed = now.partition(":")
    line, scope = f"from {module} import {name}\n", dict[str, object]()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile("\n\n" + line, "somebodys_steps.py", "exec"), scope)  # noqa: S102 - a file of a user's
    assert scope[name] is getattr(import_module(where), renamed)
    (warning,) = [one for one in caught if one.category is DeprecationWarning]
    assert (warning.filename, warning.lineno) == ("somebodys_steps.py", 3)
    assert str(warning.message) == f"{module}.{name} is deprecated: use `from {where} import {renamed}`."


@pytest.mark.parametrize("module", sorted(MOVED))
def test_an_old_module_has_the_names_that_it_had_and_no_others(module: str) -> None:
    """Also for ``import *``; a name that it never had is an AttributeError."""
    found = import_module(module)
    assert found.__all__ == sorted(MOVED[module])
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'Nothing'"):
        _ = found.Nothing


@pytest.mark.parametrize("module", sorted(MOVED))
def test_importing_an_old_module_alone_warns_of_nothing(module: str) -> None:
    """The names are what is deprecated: a tool that only imports modules is not disturbed."""
    words = [sys.executable, "-W", "error::DeprecationWarning", "-c", f"import {module}"]
    assert subprocess.run(words, cwd=ROOT, check=False).returncode == 0


def test_a_module_says_where_its_names_moved() -> None:
    """A name may have another one today."""
    of = moved("old", {"a": "os:sep", "path": "os"})
    with pytest.warns(DeprecationWarning, match=r"old\.a is deprecated: use `from os import sep`"):
        assert of("a") == "/"
    with pytest.warns(DeprecationWarning, match=r"old\.path is deprecated: use `from os import path`"):
        assert of("path")
    assert of("__all__") == ["a", "path"]


@pytest.mark.parametrize("code", ["import sluice", "import sluice.steps", "import sluice.runtime.__main__"])
def test_no_job_and_no_lambda_loads_pydantic(code: str) -> None:
    """Importing it would be most of a start, and no image of a job has it."""
    assert loaded(code) == "False"


def test_a_pipeline_comes_from_one_import_and_works() -> None:
    """What a pipeline needs is loaded when it is asked for."""
    code = (
        "from sluice import Pipeline, S3Upload, Job\n"
        "made = Pipeline(name='p', triggers=[S3Upload(prefix='p/')], steps=[Job('one', run='one')])\n"
        "assert made.name == 'p' and 'Pipeline' in dir(__import__('sluice'))"
    )
    assert loaded(code) == "True"


def loaded(code: str) -> str:
    """Return whether pydantic is loaded after this code, in a process of its own."""
    words = [sys.executable, "-c", f"{code}\nimport sys\nprint('pydantic' in sys.modules)"]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def test_the_packages_of_old_images_are_those_of_new_ones() -> None:
    """A Dockerfile of before installs containers/step/requirements.txt and runs sluice.runtime."""
    old, new = (ROOT / folder / "requirements.txt" for folder in ("containers/step", "sluice/runtime"))
    assert old.read_text() == new.read_text()


@pytest.mark.parametrize("module", ["containers.step", "sluice.runtime"])
def test_an_old_entry_point_is_the_new_one(module: str) -> None:
    """A Dockerfile of before starts ``python -m containers.step``."""
    words = [sys.executable, "-m", module, "count", "twice"]
    ended = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == 64
    expected = "Expected one word, <module>:<function>, cleanup or gate, found ['count', 'twice']."
    assert ended.stderr.startswith(expected)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="no attribute 'x'"):
        moved("m", {})("x")
