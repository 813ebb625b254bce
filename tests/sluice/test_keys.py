"""The S3 keys of a run: what was stored by an earlier version must be found."""

from __future__ import annotations

from sluice import keys


def test_keys_keep_their_form() -> None:
    """They are stored in the ledger and in the objects of runs that go on after a deploy."""
    manifest = keys.manifest("r", "s", "j-1")
    assert manifest == "runs/r/s/manifest/j-1/items.jsonl"
    assert keys.manifest_index(manifest) == "runs/r/s/manifest/j-1/index.bin"
    assert keys.child_results("r", "s", 7, 3) == "runs/r/s/results/00007/000003.jsonl"
    assert keys.failure("r", "s", 7, 2) == "runs/r/s/failures/0002/00007.json"
    assert keys.uploads("r") == "runs/r/trigger/items.jsonl"
    assert keys.result("p", "r", "a.txt") == "p/r/a.txt"


def test_prefixes_contain_the_keys_of_their_objects() -> None:
    """Listings find them."""
    assert keys.manifest("r", "s", "j-1").startswith(keys.manifests_of_job("r", "s", "j"))
    assert keys.child_results("r", "s", 7, 3).startswith(keys.child_results_prefix("r", "s", 7))
    assert keys.child_results_prefix("r", "s", 7).startswith(keys.results_prefix("r", "s"))
    assert keys.failure("r", "s", 7, 2).startswith(keys.failures_prefix("r", "s", 2))
    assert keys.failures_prefix("r", "s", 2).startswith(keys.all_failures_prefix("r", "s"))
    assert keys.results_prefix("r", "s").startswith(keys.run_prefix("r"))
