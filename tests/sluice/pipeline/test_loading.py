"""Pipelines are found in a project and checked together."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluice.errors import PipelineError
from sluice.pipeline.loading import load_pipelines
from sluice.pipeline.validation.offered import Offered

PIPELINE = """
from sluice.pipeline.definition import Job, Pipeline, S3Upload
pipeline = Pipeline(name={name!r}, triggers=[S3Upload(prefix={prefix!r})], steps=[Job("merge", run="merge")])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the pipelines words and flights."""
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "__init__.py").touch()
    for name in ("words", "flights"):
        write(tmp_path, name, PIPELINE.format(name=name, prefix=f"{name}/"))
    return tmp_path


def write(project: Path, name: str, text: str, steps: str = "def merge(results, out): ...") -> None:
    """Write a pipeline and its code."""
    (project / "pipelines" / f"{name}.py").write_text(text)
    (project / "containers" / name).mkdir(parents=True, exist_ok=True)
    (project / "containers" / name / "steps.py").write_text(steps)


def mistakes_of(project: Path) -> str:
    """Return the text of the mistakes of a project that has some."""
    with pytest.raises(PipelineError) as raised:
        load_pipelines(project)
    return str(raised.value)


def test_pipelines_come_by_name(project: Path) -> None:
    """The order of the files does not matter."""
    assert [pipeline.name for pipeline in load_pipelines(project)] == ["flights", "words"]


def test_a_project_without_pipelines_has_none(tmp_path: Path) -> None:
    """A fresh project can be synthesised."""
    assert load_pipelines(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
        ("from sluice.pipeline.definition import Job\nJob('a', timeouts=5)", "TypeError"),
        ("x = 1", "a name `pipeline` bound to a Pipeline, found None"),
        ("pipeline = 'words'", "found 'words'"),
    ],
)
def test_a_file_that_is_no_pipeline_is_reported(project: Path, text: str, says: str) -> None:
    """The report names the file and what Python said."""
    write(project, "broken", text)
    report = mistakes_of(project)
    assert "pipelines/broken.py" in report
    assert says in report


def test_overlapping_prefixes_of_two_pipelines_are_reported(project: Path) -> None:
    """One file must not start two pipelines."""
    write(project, "more", PIPELINE.format(name="more", prefix="words/more/"))
    report = mistakes_of(project)
    assert "pipelines/more.py and pipelines/words.py" in report
    assert "'words/more/' and 'words/'" in report


def test_two_pipelines_of_one_name_are_reported(project: Path) -> None:
    """A name belongs to one file."""
    write(project, "again", PIPELINE.format(name="words", prefix="again/"))
    assert "each pipeline to have its own name, found 'words'" in mistakes_of(project)


def test_a_missing_function_and_a_missing_file_are_reported_together(project: Path) -> None:
    """Mistakes of several files come in one report, each with its file."""
    write(project, "words", PIPELINE.format(name="words", prefix="words/"), steps="def count(item, out): ...")
    (project / "containers" / "flights" / "steps.py").unlink()
    report = mistakes_of(project)
    assert (
        "pipelines/words.py: steps['merge'].run: expected a function of steps.py (count), found 'merge'"
        in report
    )
    assert "pipelines/flights.py: steps['merge'].run: expected a steps.py with the function" in report
    assert "has 2 mistakes" in report


def test_a_steps_file_that_python_cannot_read_is_reported(project: Path) -> None:
    """A syntax error in the pipeline's code is found at synthesis."""
    write(project, "words", PIPELINE.format(name="words", prefix="words/"), steps="def (")
    report = mistakes_of(project)
    assert "containers/words/steps.py" in report
    assert "SyntaxError" in report


def test_the_code_of_a_pipeline_is_not_run_and_may_import_its_functions(project: Path) -> None:
    """The image may have packages that this machine lacks."""
    write(
        project,
        "words",
        PIPELINE.format(name="words", prefix="words/"),
        steps="from numpy_of_the_image import merge",
    )
    assert len(load_pipelines(project)) == 2


def test_wrong_types_in_one_file_leave_the_other_files_checked(project: Path) -> None:
    """A prefix that is no text does not hide another file's mistakes."""
    write(
        project,
        "odd",
        "from sluice import *\npipeline = Pipeline(name=['odd'], triggers=None, steps='none')",
    )
    write(project, "broken", "import nothing_of_that_name")
    report = mistakes_of(project)
    for part in (
        "pipelines/odd.py: name",
        "pipelines/odd.py: triggers",
        "pipelines/odd.py: steps",
        "pipelines/broken.py: file",
    ):
        assert part in report


LIMITED = """
from sluice.pipeline.definition import Job, Limit, Manual, MultiNode, Pipeline
steps = [Job("merge", run="merge", uses={{"vendor": 1}}), MultiNode("meet", run="merge", nodes=2)]
limits = [Limit("vendor", max_concurrency={maximum})]
pipeline = Pipeline(name="{name}", triggers=[Manual()], limits=limits, steps=steps)
"""


@pytest.mark.parametrize("other", ["6", "[5]"])
def test_limits_that_differ_are_reported_with_what_a_deploy_lacks(project: Path, other: str) -> None:
    """One look shows what is wrong between files, in a file, and between files and settings."""
    write(project, "first", LIMITED.format(name="first", maximum=5))
    write(project, "second", LIMITED.format(name="second", maximum=other))
    offered = Offered(nat=False, max_vcpus_on_demand=64, instance_types=())
    with pytest.raises(PipelineError) as raised:
        load_pipelines(project, offered)
    said = str(raised.value)
    assert (
        "pipelines/first.py and pipelines/second.py: expected one max_concurrency for the limit 'vendor'"
        in said
    )
    assert (
        "pipelines/first.py: steps['meet']: expected private subnets with NAT for a MultiNode, found"
        " SLUICE_NAT=false." in said
    )


def test_without_a_deploy_nothing_is_asked_of_the_settings(project: Path) -> None:
    """A drawing of a pipeline needs no NAT."""
    write(project, "first", LIMITED.format(name="first", maximum=5))
    assert "first" in [str(one.name) for one in load_pipelines(project)]
