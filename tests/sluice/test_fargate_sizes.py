"""The sizes that Fargate has."""

from sluice.fargate_sizes import MEMORY, size_problem


def test_sizes_of_fargate() -> None:
    """Each size that is listed is one, and nothing beside it."""
    assert all(size_problem(vcpus, memory) is None for vcpus, sizes in MEMORY.items() for memory in sizes)
    assert all(size_problem(vcpus, memory + 1) for vcpus, sizes in MEMORY.items() for memory in sizes)
    assert [len(sizes) for sizes in MEMORY.values()] == [3, 4, 7, 13, 23, 12, 12, 3]
