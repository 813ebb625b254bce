"""Each way to fail, as a pipeline: what a person sees of it is in ``tests/failures/expected``."""

from __future__ import annotations

from collections.abc import Iterator

from sluice import Array, Job, Manual, Pipeline, Plan, finished

_FUNCTIONS = (
    "raises",
    "exits_0",
    "exits_1",
    "exits_2",
    "exits_3",
    "exits_0_unseen",
    "exits_with_text",
    "segfault",
    "killed",
    "memory_error",
    "lines_50000",
    "not_utf_8",
    "hostile",
    "long_message",
    "no_message",
    "no_text",
    "wrong_types",
    "recurses",
    "interrupted",
    "leaves_a_thread",
    "leaves_a_process",
    "module_missing",
    "access_denied",
    "file_too_large",
    "leaves_the_folder",
    "closes_output",
    "forks",
)
"""Functions of ``steps.py`` that are the one step of their pipeline."""
_ITEMS = 10


def name_of(function: str) -> str:
    """Return the name of the pipeline that fails by a function."""
    return function.replace("_", "-")


def ways() -> Iterator[Pipeline]:
    """Yield the pipelines; the slowest ones first."""
    yield _pipeline("sleeps", [Job("work", run="sleeps", timeout=60)])
    yield _pipeline("out_of_memory", [Job("work", run="out_of_memory", memory=256)])
    for name in ("result_of_100_mb", "returns_a_set"):
        yield _pipeline(name, [Array("work", run=name, size=2)])
    for name in _FUNCTIONS:
        yield _pipeline(name, [Job("work", run=name)])
    for name in ("finds_and_raises", "finds_large"):
        yield _pipeline(name, [Plan("find", run=name), Array("work", run="no_rows", items_of="find")])
    for name in ("no_rows", "crashes_at_3"):
        array = Array("work", run=name, size=_ITEMS, items_per_child=5)
        yield _pipeline(name, [array, Job("count", run="counts", after=["work"])])
    for name, function in (("tolerated", "no_rows"), ("too_many", "half_fails")):
        array = Array("work", run=function, size=_ITEMS, items_per_child=5)
        yield _pipeline(name, [array, Job("count", run="counts", after=[finished("work", at_least=0.9)])])
    yield _pipeline("command_exits_3", [_command("sh", "-c", "echo no rows; exit 3")])
    yield _pipeline("command_missing", [_command("summarise", "--all")])
    image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/none:7"
    yield _pipeline("image_missing", [Job("work", image=image, command=["true"], attempts=1)])


def _pipeline(name: str, steps: list[Plan | Array | Job]) -> Pipeline:
    return Pipeline(name=name_of(name), triggers=[Manual()], steps=[*steps])


def _command(*words: str) -> Job:
    return Job("work", image="busybox", command=list(words))


WAYS = {pipeline.name: pipeline for pipeline in ways()}
