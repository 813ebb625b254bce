"""Every S3 key of a run. Objects of the work bucket are transient; those of the results bucket stay."""

from __future__ import annotations


def run_prefix(run_id: str) -> str:
    """Return the prefix of all transient objects of a run (work bucket)."""
    return f"runs/{run_id}/"


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


def words_prefix(run_id: str, step: str, generation: int) -> str:
    """Return the prefix of the words of one generation of a step: proof that its work was done."""
    return f"{run_prefix(run_id)}{step}/words/{generation:04d}/"


def child_words_prefix(run_id: str, step: str, generation: int, child: int) -> str:
    """Return the prefix of the word of one child, or of a job, which is child 0."""
    return f"{words_prefix(run_id, step, generation)}{child:05d}-"


def word(run_id: str, step: str, generation: int, child: int, *, done: int, failed: int = 0) -> str:
    """Return the key of a child's word, which says how many of its items are done and how many failed."""
    return f"{child_words_prefix(run_id, step, generation, child)}{done}-{failed}.json"


def child_of_word(key: str) -> int:
    """Return which child wrote a word."""
    return int(key.rpartition("/")[2].partition("-")[0])


def result(pipeline: str, run_id: str, name: str) -> str:
    """Return the key of a file that a step publishes (results bucket)."""
    return f"{pipeline}/{run_id}/{name}"
