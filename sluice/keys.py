"""Every S3 key of a run. Objects of the work bucket are transient; those of the results bucket stay."""

from __future__ import annotations


def run_prefix(run_id: str) -> str:
    """Return the prefix of all transient objects of a run (work bucket)."""
    return f"runs/{run_id}/"


def step_prefix(run_id: str, step: str) -> str:
    """Return the prefix of all transient objects of a step."""
    return f"{run_prefix(run_id)}{step}/"


def manifest(run_id: str, step: str, attempt: str) -> str:
    """Return the key of the items that one attempt of a plan wrote, one JSON document a line.

    Each attempt writes its own, so that a second attempt never changes what the children of the first read.
    """
    return f"{run_prefix(run_id)}{step}/manifest/{attempt}/items.jsonl"


def uploads(run_id: str) -> str:
    """Return the key of the files that started a run, as a manifest."""
    return f"{run_prefix(run_id)}trigger/items.jsonl"


def manifests_of_job(run_id: str, step: str, job_id: str) -> str:
    """Return the prefix of the manifests of every attempt of a plan's job."""
    return manifest(run_id, step, f"{job_id}-").removesuffix("/items.jsonl")


def manifest_index(manifest_key: str) -> str:
    """Return the key of the index beside a manifest."""
    return manifest_key.removesuffix("items.jsonl") + "index.bin"


def results_prefix(run_id: str, step: str) -> str:
    """Return the prefix of what the children of a step returned."""
    return f"{run_prefix(run_id)}{step}/results/"


def child_results_prefix(run_id: str, step: str, child: int) -> str:
    """Return the prefix of the parts that one child wrote; keys sort by child, then by part."""
    return f"{results_prefix(run_id, step)}{child:05d}/"


def child_results(run_id: str, step: str, child: int, part: int) -> str:
    """Return the key of one part of a child's results."""
    return f"{child_results_prefix(run_id, step, child)}{part:06d}.jsonl"


def all_failures_prefix(run_id: str, step: str) -> str:
    """Return the prefix of the failure reports of every generation of a step."""
    return f"{run_prefix(run_id)}{step}/failures/"


def failures_prefix(run_id: str, step: str, generation: int) -> str:
    """Return the prefix of the failure reports of one generation of a step."""
    return f"{all_failures_prefix(run_id, step)}{generation:04d}/"


def failure(run_id: str, step: str, child: int, generation: int) -> str:
    """Return the key of the report that a failing job (child 0) or child leaves."""
    return f"{failures_prefix(run_id, step, generation)}{child:05d}.json"


def failed_items_prefix(run_id: str, step: str) -> str:
    """Return the prefix of the failed items of a step, of all its generations."""
    return f"{run_prefix(run_id)}{step}/failed-items/"


def failed_items_of_child(run_id: str, step: str, generation: int, child: int) -> str:
    """Return the prefix of the failed items of a child in one generation; keys sort by attempt, then part."""
    return f"{failed_items_prefix(run_id, step)}{generation:04d}/{child:05d}/"


def failed_items(run_id: str, step: str, generation: int, child: int, attempt: int, part: int) -> str:
    """Return the key of one part of the failed items of a child's attempt."""
    return f"{failed_items_of_child(run_id, step, generation, child)}{attempt:02d}-{part:06d}.jsonl"


def attempt_of_failed_items(key: str) -> tuple[int, int, int]:
    """Return the child, the generation and the attempt that wrote a part of failed items."""
    generation, child, name = key.split("/")[-3:]
    return int(child), int(generation), int(name.partition("-")[0])


def all_words_prefix(run_id: str, step: str) -> str:
    """Return the prefix of the words of every generation of a step."""
    return f"{run_prefix(run_id)}{step}/words/"


def words_prefix(run_id: str, step: str, generation: int) -> str:
    """Return the prefix of the words of one generation of a step: proof that its work was done."""
    return f"{all_words_prefix(run_id, step)}{generation:04d}/"


def child_words_prefix(run_id: str, step: str, generation: int, child: int) -> str:
    """Return the prefix of the word of one child, or of a job, which is child 0."""
    return f"{words_prefix(run_id, step, generation)}{child:05d}-"


def word(
    run_id: str,
    step: str,
    generation: int,
    child: int,
    *,
    done: int,
    failed: int = 0,
    parts: int = 0,
    memory: int = 0,
) -> str:
    """Return the key of a child's word: how many of its items are done, how many failed, in how many objects
    its results are, and how many of the failed ones were killed for want of memory.
    """
    return f"{child_words_prefix(run_id, step, generation, child)}{done}-{failed}-{parts}-{memory}.json"


def child_of_word(key: str) -> int:
    """Return which child wrote a word."""
    return int(key.rpartition("/")[2].partition("-")[0])


RUN_METADATA = "sluice-run"
"""The member of a published file's metadata that says which run wrote it: runs may share a folder."""
FAILED_ITEMS = "failed.jsonl"
"""The published file of a run's failed items, by its name."""

RECEIPT = "_sluice.json"
"""The file of a run's results that says what they are, by its name: written last."""
REPORT = "_sluice.html"
"""The file beside a run's results that shows the run to people."""
OWN_RESULTS = {RECEIPT: "receipt", REPORT: "report"}
"""What Sluice itself puts beside the results of a run, by its names, which no step may use."""


def result(pipeline: str, run_id: str, name: str) -> str:
    """Return the key of a file that a step publishes (results bucket)."""
    return f"{pipeline}/{run_id}/{name}"
