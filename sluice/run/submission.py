"""What is submitted of a step: how many children, behind which jobs, and for which generation. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from sluice.limits import MAX_ARRAY_SIZE
from sluice.run import child_ranges
from sluice.run.compiled import CompiledStep
from sluice.run.state import Code, GenerationSpec, ItemSource


@dataclass(frozen=True, slots=True)
class Wait:
    """A dependency on another step's job: on the whole of it, or child by child."""

    step: str
    n_to_n: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """A step that can be submitted now.

    ``children`` is how many the whole step has: 1 for a plain job, 0 for a step that has nothing to do.
    ``spec`` says which of them this generation works on.
    """

    step: CompiledStep
    children: int
    waits: tuple[Wait, ...] = ()
    item_source: ItemSource | None = None
    generation: int = 0
    spec: GenerationSpec = field(default_factory=GenerationSpec)
    earlier_code: tuple[Code, ...] = field(default=(), compare=False)

    @property
    def code(self) -> tuple[Code, ...]:
        """Return what each generation ran, this one included."""
        own = Code(self.generation, self.step.job_definition, self.step.image)
        before = tuple(one for one in self.earlier_code if one.generation < self.generation)
        return before if before and before[-1][1:] == own[1:] else (*before, own)

    @property
    def size(self) -> int:
        """Return how many children the job has."""
        return (
            self.children if self.spec.children is None else len(child_ranges.from_text(self.spec.children))
        )

    @property
    def queue(self) -> str:
        """Return the queue that the job goes to."""
        return self.spec.queue or self.step.queue


def children_of(items: int, items_per_child: int) -> int:
    """Return how many children work on these items: at most 10,000; beyond that each gets a longer slice."""
    return min(-(-items // items_per_child), MAX_ARRAY_SIZE)
