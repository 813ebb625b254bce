"""Pipelines are found in a project and checked together."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sluice.errors import PipelineError
from sluice.pipeline.loading import load_pipeline, load_pipelines
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


STEPS = "def merge(results, out): ...\ndef meet(node, out): ..."


def write(project: Path, name: str, text: str, steps: str = STEPS) -> None:
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


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads that take turns as often as they can, also in the midst of a garbage collection."""

    def linger(phase: str, info: dict[str, int]) -> None:
        for _ in range(50):
            pass

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    gc.callbacks.append(linger)
    yield
    gc.callbacks.remove(linger)
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_threads")
def test_threads_may_load_at_the_same_moment(project: Path) -> None:
    """As the requests of a console do: none meets a file that another is in the midst of reading."""
    for name in ("words", "flights"):
        write(
            project, name, PIPELINE.format(name=name, prefix=f"{name}/"), STEPS + "\nX = (1, (2, [3]))" * 300
        )
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(load_pipelines, [project] * 40))
    assert [[pipeline.name for pipeline in one] for one in found] == [["flights", "words"]] * 40


def test_a_project_without_pipelines_has_none(tmp_path: Path) -> None:
    """A fresh project can be synthesised."""
    assert load_pipelines(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
        (
            "from sluice import Job\n\nJob('a', timeouts=5)",
            "broken.py:3: Job.timeouts: expected a field of Job",
        ),
        ("def upload(prefix): ...\nupload(a=1)", "TypeError"),
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


def test_one_prefix_may_start_several_pipelines(project: Path) -> None:
    """A file below it starts a run of each; only the triggers of one pipeline must not take the same file."""
    write(project, "more", PIPELINE.format(name="more", prefix="words/more/"))
    write(project, "again", PIPELINE.format(name="again", prefix="words/"))
    assert {"more", "again", "words"} <= {one.name for one in load_pipelines(project)}


def test_two_pipelines_of_one_name_are_reported(project: Path) -> None:
    """A name belongs to one file."""
    write(project, "again", PIPELINE.format(name="words", prefix="again/"))
    assert "each pipeline to have its own name, found 'words'" in mistakes_of(project)


def test_a_missing_function_and_a_missing_file_are_reported_together(project: Path) -> None:
    """Mistakes of several files come in one report, each with its file."""
    write(project, "words", PIPELINE.format(name="words", prefix="words/"), steps="def count(item, out): ...")
    (project / "containers" / "flights" / "steps.py").unlink()
    report = mistakes_of(project)
    wrong = "steps['merge'].run: expected a function of steps.py (count), found 'merge'"
    assert f"pipelines/words.py:3: {wrong}" in report
    assert "steps['merge'].run: expected a steps.py with the function" in report
    assert "has 2 mistakes" in report


def test_a_steps_file_that_python_cannot_read_is_reported(project: Path) -> None:
    """A syntax error in the pipeline's code is found at synthesis."""
    write(project, "words", PIPELINE.format(name="words", prefix="words/"), steps="def (")
    report = mistakes_of(project)
    assert "containers/words/steps.py" in report
    assert "SyntaxError: invalid syntax (steps.py, line 1)" in report


@pytest.mark.parametrize(
    "steps",
    [
        "import numpy_of_the_image\ndef count(item, out): ...\ndef merge(results, out): ...",
        "from containers.words.more import count, merge",
        "from .more import count, merge",
        "from ..shared.all import count, merge",
        "try:\n    from .more import count, merge\nexcept ImportError:\n    raise",
        "from functools import partial\ncount = partial(print)\nmerge = lambda results, out: None",
        "@decorated\ndef count(): ...\ndef merge(*given, **more): ...",
        "def count(item, out, *, results, more=1): ...\ndef merge(results, out=None): ...",
    ],
)
def test_the_code_of_a_pipeline_is_not_run(steps: str, project: Path) -> None:
    """The image may have packages that this machine lacks; functions may stand in other files of the
    project.
    """
    write(project, "words", PIPELINE.format(name="words", prefix="words/"), steps=steps)
    more = "def count(item, out): ...\ndef merge(results, out): ...\n"
    (project / "containers" / "words" / "more.py").write_text(more)
    (project / "containers" / "shared").mkdir()
    (project / "containers" / "shared" / "all.py").write_text(more)
    assert len(load_pipelines(project)) == 2


SHARED = "shared[0]: expected a folder of containers/ other than words, with a name that Python can import"


@pytest.mark.parametrize(
    ("shared", "says"),
    [
        ('["readers"]', None),
        ("[]", None),
        ('["nothing"]', f"{SHARED}, found 'nothing'. Correct it, or make containers/nothing/."),
        ('["words"]', f"{SHARED}, found 'words'"),
        ('["../pipelines"]', f"{SHARED}, found '../pipelines'. Rename it."),
        ('"readers"', "shared: expected"),
        ("[1]", "shared[0]: expected a valid string"),
    ],
)
def test_a_pipeline_names_folders_of_shared_code(shared: str, says: str | None, project: Path) -> None:
    """Those that are there, with the line where they are not."""
    text = PIPELINE.format(name="words", prefix="words/")
    write(project, "words", text.replace("Pipeline(name", f"Pipeline(shared={shared}, name"))
    (project / "containers" / "readers").mkdir()
    if says is None:
        assert len(load_pipelines(project)) == 2
        return
    found = mistakes_of(project)
    assert says in found
    assert "pipelines/words.py:" in found


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (
            "def merge(): ...",
            "expected def merge(results, out), found merge() at containers/words/steps.py:1",
        ),
        ("\n\ndef merge(one): ...", "found merge(one) at containers/words/steps.py:3: too many positional"),
        ("def merge(a, b, c): ...", "missing a required argument: 'c'"),
        ("def merge(a, b, *, c): ...", "missing a required"),
        (
            "def merge(upload, out): ...",
            "steps.py:1: upload is given the results, whose .trigger is what started the run",
        ),
        ("def merge(results, item): ...", "item is given the out"),
        ("from .more import merge", "found merge(item) at containers/words/more.py:1"),
        ("from collections import Counter as merge", "only an import of collections.merge at"),
        ("async def merge(results, out): ...", "an `async def` at containers/words/steps.py:1"),
    ],
)
def test_a_function_that_does_not_fit_is_reported_with_its_line(steps: str, says: str, project: Path) -> None:
    """Before anything starts: what it is given, what it takes, and where it is."""
    write(project, "words", PIPELINE.format(name="words", prefix="words/"), steps=steps)
    (project / "containers" / "words" / "more.py").write_text("def merge(item): ...\n")
    report = mistakes_of(project)
    assert says in report
    assert "pipelines/words.py:3: steps['merge'].run" in report


def test_what_fails_while_a_file_is_imported_is_reported_with_its_line(project: Path) -> None:
    """Also when it is raised deeper."""
    write(project, "broken", "import re\n\nre.compile('(')")
    assert "(line 3)" in mistakes_of(project)


def test_a_broken_file_does_not_stop_a_command_about_another_pipeline(project: Path) -> None:
    """It is reported to who asks for it, or for one that is not there."""
    write(project, "broken", "import nothing_of_that_name")
    found, names = load_pipeline(project, "words")
    assert found is not None
    assert names == ("flights", "words")
    with pytest.raises(PipelineError, match="nothing_of_that_name"):
        load_pipeline(project, "broken")


def test_what_an_image_is_made_of_is_checked(project: Path) -> None:
    """A version of Python that there is no image of, and what is no Debian package; a Dockerfile says it by
    itself.
    """
    folder = project / "containers" / "words"
    (folder / ".python-version").write_text("2.7\n")
    (folder / "apt.txt").write_text("libgomp1 # for OpenMP\n\nwget; curl\n")
    report = mistakes_of(project)
    assert "containers/words/.python-version:1: expected one of 3.11, 3.12, 3.13, 3.14, found '2.7'" in report
    assert "containers/words/apt.txt:3: expected names of Debian packages, found 'wget;'" in report
    (folder / "Dockerfile").write_text("FROM scratch\n")
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
        "pipelines/odd.py:2: name",
        "pipelines/odd.py:2: triggers",
        "pipelines/odd.py:2: steps",
        "pipelines/broken.py:1: file",
    ):
        assert part in report


LIMITED = """
from sluice.pipeline.definition import Job, Limit, Manual, MultiNode, Pipeline
steps = [Job("merge", run="merge", uses={{"vendor": 1}}), MultiNode("meet", run="meet", nodes=2)]
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
