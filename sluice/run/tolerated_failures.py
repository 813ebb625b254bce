"""Which failures a run bears: those that every step behind them was written to bear. Pure; see
docs/decisions/0016-failures-borne.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from sluice.run.compiled import Kind
from sluice.run.outcomes import Fates, Graph, Records, StepOutcome, fates, satisfied

Verdict = bool | None
"""Whether a lost step is excused; None while that is open."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What will become of a run: of each step, whether each lost one is excused, and the step for which the
    run fails for certain.
    """

    fates: Fates
    verdicts: dict[str, Verdict]
    cause: str | None


def outlook(graph: Graph, records: Records, reopened: int = 0) -> Outlook:
    """Return what will become of a run; once it fails for certain, nothing is submitted any more but its
    tail.
    """
    found = fates(graph, records, reopened)
    verdicts = excuses(graph, records, found)
    work = (step.name for step in graph.pipeline.steps if step.kind is not Kind.CLEANUP)
    cause = next((name for name in work if name in records and verdicts.get(name) is False), None)
    return Outlook(fates(graph, records, reopened, failing=True) if cause else found, verdicts, cause)


def excuses(graph: Graph, records: Records, found: Fates) -> dict[str, Verdict]:
    """Return for each lost step whether its failure is borne.

    It is when something behind it bears it, and nothing behind it does not. ``finished`` bears it when enough
    children succeeded, a step that needs it when its own failure is borne; ``always`` says nothing either
    way.
    """
    bearable, verdicts = _bearable(graph), dict[str, Verdict]()
    for step in reversed(graph.pipeline.steps):
        if found[step.name] is StepOutcome.FAILED_FINAL:
            verdicts[step.name] = (
                _verdict(step.name, graph, records, found, verdicts) if step.name in bearable else False
            )
    return verdicts


def _verdict(
    name: str, graph: Graph, records: Records, found: Fates, verdicts: dict[str, Verdict]
) -> Verdict:
    behind: list[Verdict] = []
    for step in graph.dependents[name]:
        shares = [share for parent, share in step.finished if parent == name]
        if shares:
            behind.append(satisfied(shares[0], StepOutcome.FAILED_FINAL, records.get(name)))
        elif name in step.needs:
            behind.append(
                verdicts[step.name]
                if found[step.name] is StepOutcome.FAILED_FINAL
                else True
                if found[step.name] is StepOutcome.DONE
                else None
            )
    if False in behind:
        return False
    return None if None in behind else True


def _bearable(graph: Graph) -> set[str]:
    """Return the steps whose failure the pipeline's shape lets be borne at all, whatever fails."""
    found: set[str] = set()
    for step in reversed(graph.pipeline.steps):
        behind = graph.dependents[step.name]
        needed = [one.name for one in behind if step.name in one.needs]
        borne = any(step.name == parent for one in behind for parent, _ in one.finished)
        if (needed or borne) and all(name in found for name in needed):
            found.add(step.name)
    return found
