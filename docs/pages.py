"""Writes the parts of the docs that come from the code: ``python -m docs.pages`` (``make docs``).

A part stands between ``<!-- name: written by `make docs` -->`` and ``<!-- end -->``; tests/docs fails when
writing would change anything.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import cost, figures, pipeline_calls
from docs import step_types
from sluice import settings
from sluice.compute import ENVIRONMENTS, Compute
from sluice.fargate_sizes import MEMORY
from sluice.pipeline.definition import Machine
from stacks.configuration import Configuration, variable

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results.json"
_PART = re.compile(r"(<!-- (?P<name>[a-z-]+): written by `make docs` -->\n).*?(<!-- end -->)", re.DOTALL)
_SENDERS = {
    "SubmissionSettings": "SubmitJob",
    "JobSettings": "job definitions",
    "StartSettings": "those of start jobs",
}


def written(text: str) -> str:
    """Return a page with its parts written."""
    return _PART.sub(lambda part: part[1] + PARTS[part["name"]]() + part[3], text)


def pages() -> Iterator[Path]:
    """Yield the pages that have such parts."""
    yield from (
        path
        for path in sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
        if _PART.search(path.read_text())
    )


def _pipeline() -> str:
    return f"\n```python\n{(ROOT / 'examples' / 'pipelines' / 'word_count.py').read_text()}```\n\n"


def _configuration() -> str:
    meanings = _meanings(Configuration)
    rows = [
        f"| `{one.name}` | `{variable(one.name)}` | {meanings[one.name]} | {_default(one.default)} |"
        for one in fields(Configuration)
    ]
    return (
        "\n".join(["\n| in sluice.toml | variable | meaning | default |\n| --- | --- | --- | --- |", *rows])
        + "\n\n"
    )


def _machine() -> str:
    """Return the fields that every step has, in their order; what it runs and waits for is on other pages."""
    meanings = _meanings(Machine)
    rows = [
        f"| `{one.name}` | {_words(meanings[one.name])} | {_default(_value(one))} |"
        for one in fields(Machine)
    ]
    return "\n".join(["\n| field | meaning | default |\n| --- | --- | --- |", *rows]) + "\n\n"


def _value(field: Field[Any]) -> Any:
    return None if field.default_factory is not MISSING else field.default


def _words(meaning: str) -> str:
    return meaning.replace("``", "`")


def _computes() -> str:
    rows = [f'| `"{one}"` | {", then ".join(f"`{name}`" for name in ENVIRONMENTS[one])} |' for one in Compute]
    return (
        "\n".join(
            ["\n| `compute=` | environments, in the order in which they are tried |\n| --- | --- |", *rows]
        )
        + "\n\n"
    )


def _fargate_sizes() -> str:
    rows = [f"| {vcpus:g} | {', '.join(map(str, sizes))} |" for vcpus, sizes in MEMORY.items()]
    return "\n".join(["\n| `vcpus=` | `memory=`, MiB |\n| --- | --- |", *rows]) + "\n\n"


def _meanings(documented: type) -> dict[str, str]:
    """Return the sentence below each field of a class; Python keeps it in the source only."""
    (body,) = (
        node.body for node in ast.parse(inspect.getsource(documented)).body if isinstance(node, ast.ClassDef)
    )
    return {
        field.target.id: " ".join(sentence.value.value.split())
        for field, sentence in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(sentence, ast.Expr)
        and isinstance(sentence.value, ast.Constant)
        and isinstance(sentence.value.value, str)
    }


def _default(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if value not in (None, ()) else "none"


def _variables() -> str:
    rows = [f"| `{settings.variable(name)}` | {who} |" for name, who in sorted(_readers().items())]
    return "\n".join(["\n| variable | read by |\n| --- | --- |", *rows]) + "\n\n"


def _readers() -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for one in _settings_classes():
        for field in fields(one):
            found.setdefault(field.name, []).append(_who(one))
    return {name: ", ".join(who) for name, who in found.items()}


def _settings_classes() -> list[type[settings.Settings]]:
    """Return the classes that some function or job reads, the shared bases left out."""
    bases = (settings.Settings, settings.SubmitterSettings, settings.AdvanceSettings)
    classes = inspect.getmembers(settings, inspect.isclass)
    return [one for _, one in classes if issubclass(one, settings.Settings) and one not in bases]


def _who(one: type) -> str:
    stage = re.sub(r"(?<!^)(?=[A-Z])", "_", one.__name__.removesuffix("Settings")).lower()
    return f"jobs, from {_SENDERS[one.__name__]}" if one.__name__ in _SENDERS else stage


def _figures() -> str:
    return f"\n{figures.table(json.loads(RESULTS.read_text()))}\n"


def _pipeline_calls() -> str:
    results = json.loads(RESULTS.read_text())
    return (
        f"\n{pipeline_calls.table(results['pipeline_calls'])}\n\nMeasured by `make bench ARGS=pipeline_calls`"
        f" on {results['date']}.\n\n"
    )


def _cost() -> str:
    return f"\n{cost.text(json.loads(RESULTS.read_text()))}\n"


PARTS: dict[str, Callable[[], str]] = {
    "step-types": step_types.text,
    "pipeline": _pipeline,
    "configuration": _configuration,
    "machine": _machine,
    "computes": _computes,
    "fargate-sizes": _fargate_sizes,
    "variables": _variables,
    "figures": _figures,
    "cost": _cost,
    "cost-besides-machines": cost.besides_machines,
    "pipeline-calls": _pipeline_calls,
}


if __name__ == "__main__":
    for page in pages():
        page.write_text(written(page.read_text()))
