"""flight_delays from the upload to the results, every job run by its real entry point."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import defaultdict
from typing import Any

import pytest

from containers.flight_delays import steps
from pipelines.flight_delays import pipeline
from sluice.testing import run

HEADER = "year,month,day,dep_time,arr_delay,carrier,origin,dest\n"


def flights(count: int) -> str:
    """Return flights of three carriers on four routes, some cancelled, some diverted."""
    draw = random.Random(7)  # noqa: S311 - data, not a secret
    lines = []
    for _ in range(count):
        departed = draw.choice(["517", "NA", "2359"])
        delay = "NA" if departed == "NA" else draw.choice(["-31", "0", "11", "1272", "NA"])
        carrier, origin, dest = (
            draw.choice(["UA", "AA", "9E"]),
            draw.choice(["EWR", "JFK"]),
            draw.choice(["IAH", "LAX"]),
        )
        lines.append(f"2013,{draw.randint(1, 12)},1,{departed},{delay},{carrier},{origin},{dest}\n")
    return HEADER + "".join(lines)


def one_pass(text: str) -> dict[tuple[str, int], tuple[int, int, list[int]]]:
    """Return flights, cancelled and delays by carrier and month, without the pipeline's code."""
    groups: dict[tuple[str, int], list[dict[str, str]]] = defaultdict(list)
    for row in csv.DictReader(io.StringIO(text)):
        groups[row["carrier"], int(row["month"])].append(row)
    return {
        name: (
            len(rows),
            sum(row["dep_time"] == "NA" for row in rows),
            [int(row["arr_delay"]) for row in rows if row["arr_delay"] != "NA"],
        )
        for name, rows in groups.items()
    }


def test_figures_equal_one_pass_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many ranges gives the figures of the whole file, to the last digit."""
    monkeypatch.setattr(steps, "_MIN_RANGE_BYTES", 4096)
    text = flights(3_000)
    ran = run(pipeline, files={"flights/a.csv": text.encode()})
    assert ran.succeeded, ran
    assert ran.steps["read"].children > 10
    summary = ran.files["summary.json"].json()
    expected: list[dict[str, Any]] = [
        {
            "carrier": carrier,
            "month": month,
            "flights": count,
            "mean_arrival_delay": round(sum(delays) / len(delays), 6) if delays else None,
            "cancelled_share": round(cancelled / count, 6),
        }
        for (carrier, month), (count, cancelled, delays) in sorted(one_pass(text).items())
    ]
    assert (summary["flights"], summary["carriers"]) == (3_000, expected)


def test_a_file_of_one_header_has_no_flights() -> None:
    """No rows, no children, and the results say so."""
    ran = run(pipeline, files={"flights/none.csv": HEADER.encode()})
    assert ran.succeeded, ran
    assert ran.files["summary.json"].json()["flights"] == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe" * 100, b"a,b,c\n1,2,3\n", HEADER.strip().encode()],
    ids=["empty", "binary", "columns", "no line end"],
)
def test_what_is_no_file_of_flights_fails_the_plan(content: bytes) -> None:
    """The plan says which columns it expected and what it found."""
    ran = run(pipeline, files={"flights/broken.csv": content})
    assert not ran.succeeded
    assert str(ran.reason).startswith("cut: FlightError: ")
    expected = ("expected a header with month, carrier", "first line: expected CSV in UTF-8")
    assert any(words in str(ran.reason) for words in expected), ran.reason


def test_ranges_meet_at_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoted text with commas and CRLF line ends are read as CSV has them."""
    monkeypatch.setattr(steps, "_MIN_RANGE_BYTES", 64)
    rows = "".join(f'2013,1,1,517,{number},"U,A",EWR,IAH\r\n' for number in range(40))
    ran = run(pipeline, files={"flights/crlf.csv": (HEADER.replace("\n", "\r\n") + rows).encode()})
    assert ran.succeeded, ran
    carriers = ran.files["summary.json"].json()["carriers"]
    assert [(row["carrier"], row["flights"], row["mean_arrival_delay"]) for row in carriers] == [
        ("U,A", 40, 19.5)
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2013,1,1,517", "expected 8 columns, found 4 in b'2013,1,1,517'. Correct the line."),
        (
            "2013,1,1,517,late,UA,EWR,IAH",
            "expected a whole number as arr_delay, found 'late' in b'2013,1,1,517,late,UA",
        ),
        ("2013,1,1,517,2.5,UA,EWR,IAH", "expected a whole number as arr_delay, found '2.5'"),
        ("2013,1,1,517,nan,UA,EWR,IAH", "expected a whole number as arr_delay, found 'nan'"),
        ("2013,1,1,517,inf,UA,EWR,IAH", "expected a whole number as arr_delay, found 'inf'"),
        ("2013,May,1,517,3,UA,EWR,IAH", "expected a whole number as month, found 'May'"),
        ("2013,1,1,517,3,U\xe9,EWR,IAH", "expected CSV in UTF-8, found 'utf-8' codec can't decode"),
        ("2013,1,1,517,3,U\rA,EWR,IAH", "expected lines that end in LF or CRLF, found a CR alone in"),
        ('2013,1,1,517,3,"UA,EWR,IAH', "expected a quote that is closed in its line, found one that is not"),
    ],
    ids=["columns", "text", "fraction", "nan", "infinity", "month", "latin-1", "carriage return", "quote"],
)
def test_a_row_that_is_no_flight_is_named_by_its_byte(row: str, message: str) -> None:
    """The error says where the line is, what was expected there and what was found."""
    before = flights(3).encode()
    ran = run(
        pipeline, files={"flights/row.csv": before + row.encode("latin-1") + b"\n2013,1,1,517,3,UA,EWR,IAH\n"}
    )
    assert not ran.succeeded
    (failed,) = ran.steps["read"].failed
    where = f"FlightError: At byte {len(before)} of s3://inbox/flights/row.csv"
    assert (failed.number, str(failed.error).startswith(f"{where}: {message}")) == (0, True), failed.error


def test_forms_of_csv_that_spreadsheets_write() -> None:
    """A byte order mark, quoted names, whole numbers with a point, empty lines and a last line without an end
    change no figure.
    """
    plain = "2013,1,1,517,11,UA,EWR,IAH\n2013,1,1,,,UA,EWR,IAH\n"
    odd = '2013,1,1,517,11.0,UA,EWR,IAH\r\n\r\n2013,01,1,NA,NA,"UA",EWR,IAH'
    header = ",".join(f'"{name}"' for name in HEADER.strip().split(","))
    first = run(pipeline, files={"flights/plain.csv": (HEADER + plain).encode()})
    assert first.succeeded, first
    expected = first.files
    second = run(pipeline, files={"flights/odd.csv": f"\ufeff{header}\r\n{odd}".encode()})
    assert second.succeeded, second
    assert second.files == expected
    assert json.loads(expected["summary.json"])["flights"] == 2


def test_published_csv_quotes_what_needs_it() -> None:
    """A carrier with a comma, a quote or a bar in its name stays one cell."""
    ran = run(pipeline, files={"flights/odd.csv": (HEADER + '2013,1,1,517,11,"A,""|B",EWR,IAH\n').encode()})
    assert ran.succeeded, ran
    rows = list(csv.DictReader(io.StringIO(ran.files["carriers.csv"].text())))
    assert rows == [
        {
            "carrier": 'A,"|B',
            "month": "1",
            "flights": "1",
            "mean_arrival_delay": "11.0",
            "cancelled_share": "0.0",
        }
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER.replace("\n", "\r") + "2013,1,1,517,3,UA,EWR,IAH\r", "LF or CRLF, found a CR alone"),
        ('year,month,day,dep_time,"arr_delay,carrier,origin,dest\n2013,1\n', "a quote that is closed"),
        (HEADER.encode("utf-16"), "expected CSV in UTF-8"),
    ],
    ids=["CR alone", "a quote", "UTF-16"],
)
def test_a_header_that_is_no_csv_is_refused_in_our_words(content: str | bytes, message: str) -> None:
    """With what to do."""
    ran = run(pipeline, files={"a.csv": content})
    assert message in str(ran.reason), ran.reason
    assert "Save it as CSV again." in str(ran.reason)


def test_a_row_within_quotes_is_no_flight() -> None:
    """A cell with a line break is refused at its first line, and never read as a row."""
    row = '2013,1,1,517,3,"UA\n2013,1,1,517,3,UA,EWR,IAH\n",EWR,IAH\n'
    ran = run(pipeline, files={"a.csv": HEADER + row})
    assert f"At byte {len(HEADER)} of" in str(ran.steps["read"].failed[0].error)
