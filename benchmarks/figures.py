"""The figures of docs/figures.md, read from what ``make bench`` measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Results = Mapping[str, Any]


def table(results: Results) -> str:
    """Return their table: what, aimed at, measured."""
    rows = [row for name, rows_of in _MEASURES.items() if name in results for row in rows_of(results[name])]
    lines = [
        "| what | aimed at | measured |",
        "| --- | --- | --- |",
        *(f"| {what} | {aim} | {found} |" for what, aim, found in rows),
    ]
    return (
        "\n".join(lines)
        + f"\n\nMeasured by `make bench` on {results['machine']}, on {results['date']}; all of it: {_LINK}.\n"
    )


_LINK = "[benchmarks/results.md](../benchmarks/results.md)"
_Row = tuple[str, str, str]


def _calls(rows: list[dict[str, Any]]) -> list[_Row]:
    sizes = ", ".join(f"{row['items']:,}" for row in rows)
    return [
        (
            f"AWS API calls of a run with {sizes} items, beside the children's own",
            "≤ 40, the same",
            _all(row["control"] for row in rows),
        ),
        ("SubmitJob calls of its 5 steps", "5", _all(row["submit_jobs"] for row in rows)),
        ("calls of a child, and of the fan-in for it", "", _all(row["per_child"] for row in rows)),
    ]


def _graph(measured: dict[str, Any]) -> list[_Row]:
    one, *many = measured["synthesis"]
    added = ", ".join(
        f"{row['graph'].split()[1]} {max(row['seconds'] - one['seconds'], 0):.1f} s" for row in many
    )
    found = ", ".join(f"{row['by']} {row['SubmitJob calls']:,}" for row in measured["submitted"])
    submitted = measured["submitted"][0]
    own = f"{submitted['gates']} gates and the cleanup"
    return [
        (
            f"SubmitJob calls of a graph of {submitted['steps']:,} steps, with {own}",
            "one each, and the start job",
            found,
        ),
        (f"what {submitted['steps']:,} steps add to synthesis: all equal, all different", "≤ 5 s", added),
    ]


def _manifest(rows: list[dict[str, Any]]) -> list[_Row]:
    most = rows[-1]
    return [
        (
            f"how a child finds its slice among {most['items']:,} items",
            "≤ 2 reads, ≤ 16 KiB more than the slice",
            f"{most['reads of a child']} reads, {most['extra bytes of a child']:,} bytes more",
        ),
        (f"memory while {most['items']:,} items are written", "< 300 MB", f"{most['peak memory, MB']} MB"),
    ]


def _cold_start(medians: dict[str, float]) -> list[_Row]:
    baseline = next(iter(medians.values()))
    ratios = {name: value / baseline for name, value in list(medians.items())[1:]}
    found = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    return [("cold start of each Lambda, beside `import boto3` with four clients", "≤ 0.7", found)]


def _grouping(found: dict[str, Any]) -> list[_Row]:
    files, grouped, single = f"{found['files']:,}", found["grouped"], found["single"]
    return [
        (
            f"runs of {files} files dropped at once, with grouping",
            "1",
            f"{grouped['runs']}, for {sum(grouped['calls'].values()):,} AWS calls",
        ),
        (
            "the same without: jobs submitted, each once, while SubmitJob is refused beyond 50 a second",
            f"{2 * found['files']:,}",
            f"{single['submissions']:,}, with {single['refused']:,} calls refused on the way",
        ),
    ]


def _backfill(found: dict[str, Any]) -> list[_Row]:
    objects, groups = found["objects"], found["groups"]
    lists = found["calls"]["ListObjectsV2"]
    rest = (sum(found["calls"].values()) - lists) / groups
    kills = len(found["killed_at"])
    return [
        (
            f"listings of a backfill of {objects:,} objects; its other calls for each group of 10,000",
            "1 for 1,000 objects; O(groups)",
            f"{lists:,}; {rest:.0f}",
        ),
        (
            f"the same of {found['killed_objects']:,} objects, killed (SIGKILL) and begun again",
            "each object in one run",
            f"each, after {kills} kills, with {sum(found['killed'].values()):,} calls in all",
        ),
    ]


def _set_burst(found: dict[str, Any]) -> list[_Row]:
    return [
        (
            f"runs of a set of {found['files']:,} files in one burst, each event twice and in any order",
            "1, with all files",
            f"{found['runs']}, with all, for {sum(found['calls'].values()):,} AWS calls",
        )
    ]


def _in_turn(found: dict[str, Any]) -> list[_Row]:
    what = f"calls that waiting adds to each of {found['runs']:,} runs of one key, in order and one at a time"
    meanwhile = f"{found['quiet_calls']} in {found['quiet_seconds']} s in which they wait"
    return [(what, "printed; no polling", f"{found['calls_of_waiting']:.1f}; {meanwhile}")]


def _harness(found: dict[str, Any]) -> list[_Row]:
    seconds = ", ".join(f"{one:.1f} s" for one in found["seconds"].values())
    what = f"a whole run in a test's process: 5 steps, {found['items']:,} items, one or ten a child"
    return [(what, "", seconds)]


def _load(found: dict[str, Any]) -> list[_Row]:
    lost = (
        f"{found['reclaimed'] / found['children']:.0%} of the children lost their machine,"
        f" {found['throttled']:,} SubmitJob calls refused"
    )
    return [
        (
            f"{found['runs']:,} runs of word-count at once, on the local cloud",
            "all succeed, nothing twice",
            f"all, {found['jobs']:,} jobs in {found['seconds'] / 60:.0f} min ({lost})",
        )
    ]


def _thousand(found: dict[str, Any]) -> list[_Row]:
    ours, *others = sorted(found["seconds"].items(), key=lambda one: not one[0].startswith("Sluice"))
    beside = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in others if seconds)
    return [
        (
            f"a plan, {found['children']:,} children that do nothing and a fan-in, on the local cloud",
            "no slower than redun's pool",
            f"{ours[1]:.0f} s ({beside})",
        )
    ]


def _wall(wall: dict[str, float]) -> list[_Row]:
    return [(what, "seconds", f"{seconds:.0f} s") for what, seconds in wall.items()]


def _exactly_once(rows: list[dict[str, Any]]) -> list[_Row]:
    found = ", ".join(f"{row['calls of a submission']:.1f} ({row['pipeline']})" for row in rows[:2])
    return [("AWS calls of a submission that happens once, beside a bare SubmitJob's 1", "printed", found)]


def _alert(measured: dict[str, Any]) -> list[_Row]:
    found = f"{measured['median'] / 1000:.1f} s, {measured['cold'] / 1000:.1f} s the first time"
    return [("from a job's failure to the e-mail, on the local cloud", "printed", found)]


def _matrix(found: dict[str, Any]) -> list[_Row]:
    what = (
        f"`make matrix`: {found['calls']:,} AWS calls of {len(found['scenarios'])} runs, each going wrong in"
        " every way it can"
    )
    return [
        (
            what,
            "every run ends as it should, nothing is done twice",
            f"all {found['cases']:,} cases pass, and {found['doubles']:,} with two processes that die",
        )
    ]


_MEASURES: dict[str, Callable[[Any], list[_Row]]] = {
    "run_calls": _calls,
    "exactly_once": _exactly_once,
    "alert": _alert,
    "graph": _graph,
    "manifest": _manifest,
    "cold_start": _cold_start,
    "grouping": _grouping,
    "backfill": _backfill,
    "set_burst": _set_burst,
    "in_turn": _in_turn,
    "load": _load,
    "thousand": _thousand,
    "harness": _harness,
    "wall": _wall,
    "matrix": _matrix,
}


def _all(values: Any) -> str:
    """Return a value once if all are the same."""
    found = [str(value) for value in values]
    return found[0] if len(set(found)) == 1 else ", ".join(found)
