"""Runs that have succeeded start the next ones of a chain, once for each version of their results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from lambdas.trigger.chains import upstream_runs
from sluice.aws.clients import _session
from sluice.errors import MalformedMessageError, UnsettledError
from sluice.ledger.chains import ChainLedger
from sluice.ledger.ledger import Ledger
from sluice.messages import Triggered
from sluice.run.state import Run, RunState
from sluice.triggers.trigger_event import stored_trigger
from sluice.triggers.upstream_runs import UpstreamRuns
from tests.sluice.clouds import TABLE, make_table
from tests.sluice.graphs import pipeline, step


class Chain:
    """A ledger with runs of the pipelines a and b, and what comes after them."""

    def __init__(self) -> None:
        client: Any = _session().create_client(
            "dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        make_table(client)
        self.ledger, self.chains = Ledger(client, TABLE), ChainLedger(client, TABLE)

    def begin(self, name: str, mark: str, key: dict[str, str] | None = None) -> str:
        """Begin a run of a pipeline."""
        run_id = f"{name}-{mark * 20}"
        trigger = {"kind": "manual", "token": mark, "input": key or {}}
        began = "2026-01-01T00:00:00.000+00:00"
        compiled = replace(pipeline(step("work")), name=name)
        assert self.ledger.start(Run(run_id=run_id, pipeline=compiled, trigger=trigger, created_at=began), [])
        return run_id

    def end(self, run_id: str, at: int, state: RunState = RunState.SUCCEEDED) -> str:
        """Record the end of a run, in this minute."""
        assert self.ledger.finish(run_id, state, f"2026-01-01T00:{at:02d}:00.000+00:00", None)
        return run_id

    def ended(self, name: str, mark: str, at: int, key: dict[str, str] | None = None) -> str:
        """Return a run that has succeeded."""
        return self.end(self.begin(name, mark, key), at)

    def after(self, run: str, *pipelines: str, by: tuple[str, ...] = ()) -> UpstreamRuns | None:
        """Return what a run after these starts with, when the event of this one comes."""
        after = {"joins": len(pipelines) > 1, "pipelines": list(pipelines), "by": list(by)}
        event = {"jobName": f"{run}_cleanup_0"}
        message = Triggered(
            pipeline="c", trigger="after:a,b all", definition={}, detail={"after": after, "event": event}
        )
        return upstream_runs(message, self.ledger, self.chains, sleep=lambda _: None)


@pytest.fixture
def chain() -> Iterator[Chain]:
    """An empty ledger."""
    with mock_aws():
        yield Chain()


def runs(found: UpstreamRuns | None) -> list[str] | None:
    """Return the ids of the runs before."""
    return None if found is None else [one.run for one in found.runs]


def test_one_after_another_has_its_results_and_its_key(chain: Chain) -> None:
    """The same event twice is the same run; what the ledger keeps is read back."""
    run = chain.ended("a", "x", 1, {"date": "2026-01-31"})
    found = chain.after(run, "a")
    assert found is not None
    assert (runs(found), found.partition) == ([run], {"date": "2026-01-31"})
    assert found.runs[0].prefix == f"a/{run}/"
    assert found.identity() == {"a": f"{run}/0"}
    assert chain.after(run, "a") == found == stored_trigger(found.to_dict())


def test_all_waits_for_each_with_the_same_key(chain: Chain) -> None:
    """In any order, and runs of other keys stay apart."""
    first = chain.ended("a", "x", 1, {"date": "1"})
    other = chain.ended("b", "y", 2, {"date": "2"})
    assert chain.after(first, "a", "b", by=("date",)) is None
    assert chain.after(other, "a", "b", by=("date",)) is None
    second = chain.ended("b", "z", 3, {"date": "1"})
    assert runs(chain.after(second, "a", "b", by=("date",))) == [first, second]
    assert runs(chain.after(first, "a", "b", by=("date",))) == [first, second], "the same run, in both events"


def test_a_new_version_of_one_is_joined_with_what_is_there(chain: Chain) -> None:
    """A repeated run ended later: its results are the newer ones, and the older's event starts nothing."""
    first, other = chain.ended("a", "x", 1), chain.ended("b", "y", 2)
    assert chain.after(first, "a", "b") is None
    assert runs(chain.after(other, "a", "b")) == [first, other]
    newer = chain.ended("a", "z", 5)
    assert runs(chain.after(newer, "a", "b")) == [newer, other]
    assert chain.after(first, "a", "b") is None


def test_a_run_that_was_resumed_and_succeeded_is_another_version(chain: Chain) -> None:
    """How often it was resumed is a part of what makes the next run unique."""
    run = chain.end(chain.begin("a", "x"), 1, RunState.FAILED)
    assert chain.after(run, "a") is None
    failed = chain.ledger.load(run)
    assert failed is not None
    assert chain.ledger.reopen(failed)
    chain.end(run, 2)
    found = chain.after(run, "a")
    assert found is not None
    assert found.identity() == {"a": f"{run}/1"}


def test_a_run_that_succeeded_and_was_retried_is_another_version(chain: Chain) -> None:
    """It starts one more run when it has succeeded again, and until then none: whichever cleanup's event
    comes, and however often.
    """
    run = chain.ended("a", "x", 1)
    first = chain.after(run, "a")
    assert first is not None
    retried = chain.ledger.load(run)
    assert retried is not None
    assert chain.ledger.reopen(retried)
    with pytest.raises(UnsettledError):
        chain.after(run, "a")
    chain.end(run, 5)
    again = [chain.after(run, "a") for _ in range(2)]
    identities = [None if found is None else found.identity() for found in (first, *again)]
    assert identities == [{"a": f"{run}/0"}, {"a": f"{run}/1"}, {"a": f"{run}/1"}]


def test_an_event_that_comes_before_the_end_is_recorded_comes_again(chain: Chain) -> None:
    """A cleanup may end before."""
    run = chain.begin("a", "x")
    with pytest.raises(UnsettledError):
        chain.after(run, "a")
    chain.end(run, 1)
    assert runs(chain.after(run, "a")) == [run]


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CANCELLED])
def test_nothing_comes_after_a_run_that_did_not_succeed(chain: Chain, state: RunState) -> None:
    """Whatever an event says: the ledger decides."""
    assert chain.after(chain.end(chain.begin("a", "x"), 1, state), "a") is None


def test_a_run_without_the_key_is_set_aside(chain: Chain) -> None:
    """With the reason, and an alarm: it could not be joined with anything."""
    run = chain.ended("a", "x", 1)
    with pytest.raises(MalformedMessageError, match="Expected date in the partition key of a-x"):
        chain.after(run, "a", "b", by=("date",))


@pytest.mark.parametrize(
    "detail",
    [{}, {"after": {}, "event": {}}, {"after": None, "event": None}, {"after": {}, "event": {"jobName": 7}}],
)
def test_a_message_of_another_form_is_set_aside(chain: Chain, detail: dict[str, Any]) -> None:
    """Read again it would not be another."""
    message = Triggered(pipeline="c", trigger="after:a all", definition={}, detail=detail)
    with pytest.raises(MalformedMessageError, match="Expected the end of a run"):
        upstream_runs(message, chain.ledger, chain.chains)


def test_a_run_that_is_not_there_is_set_aside(chain: Chain) -> None:
    """An event that Sluice did not send."""
    with pytest.raises(MalformedMessageError, match="Expected a run of the ledger"):
        chain.after("a-" + "q" * 20, "a")


def test_a_run_of_a_pipeline_whose_name_begins_alike_starts_nothing(chain: Chain) -> None:
    """The pattern of the rule cannot tell them apart."""
    assert chain.after(chain.ended("a-b", "x", 1), "a") is None
