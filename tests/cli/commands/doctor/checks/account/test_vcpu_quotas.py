"""Quotas of EC2 and Fargate, each against the environments that draw on it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from cli.commands.doctor.account import Account
from cli.commands.doctor.checks.account import vcpu_quotas
from cli.commands.doctor.checks.run_checks import run_checks
from cli.commands.doctor.finding import Level
from sluice.pipeline.definition import Job, Manual, Pipeline, Step
from stacks.configuration import Configuration
from tests.cli.commands.doctor.fake_account import WELL_DOCKER, FakeAccount, findings_of, refused

NOT_DEPLOYED = refused("ValidationError", "does not exist")


def environments(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return the answer with environments that have these resources."""
    return {
        "computeEnvironments": [{"computeEnvironmentName": "e", "computeResources": r} for r in resources]
    }


def spot(*types: str, most: int = 64) -> dict[str, Any]:
    """Return the resources of a spot environment."""
    return {"type": "SPOT", "maxvCpus": most, "instanceTypes": list(types)}


@pytest.mark.parametrize(
    ("instance_type", "code"),
    [
        ("default_x86_64", "L-34B43A08"),
        ("optimal", "L-34B43A08"),
        ("m7i.large", "L-34B43A08"),
        ("im4gn", "L-34B43A08"),
        ("g4dn", "L-3819A6DF"),
        ("gr6.4xlarge", "L-3819A6DF"),
        ("vt1", "L-3819A6DF"),
        ("p4d.24xlarge", "L-7212CCBC"),
        ("p5.48xlarge", "L-C4BD4855"),
        ("inf2", "L-B5D1601B"),
        ("trn1", "L-6B0D517C"),
        ("f2", "L-88CF9481"),
        ("x2idn", "L-E3A00192"),
        ("dl1", "L-85EED4F7"),
    ],
)
def test_each_family_has_its_quota(instance_type: str, code: str) -> None:
    """A spot quota of AWS's table."""
    [(level, _, fix)] = findings_of(
        vcpu_quotas.vcpus,
        DescribeComputeEnvironments=environments(spot(instance_type)),
        GetServiceQuota={"Quota": {"Value": 8.0}},
    )
    assert level is Level.WARNING
    assert f"--quota-code {code} --desired-value 64" in fix


def test_environments_that_draw_on_one_quota_are_added_up() -> None:
    """Families of different quotas in one environment are each compared."""
    deployed = environments(
        spot("m7i", most=100), spot("g4dn", "g5", "c7i", most=50), {"type": "FARGATE", "maxvCpus": 20}
    )
    found = findings_of(
        vcpu_quotas.vcpus,
        DescribeComputeEnvironments=deployed,
        GetServiceQuota={"Quota": {"Value": 60.0}},
    )
    assert {(level, text.rpartition(" grow to ")[2].partition(":")[0]) for level, text, _ in found} == {
        (Level.WARNING, "150"),
        (Level.OK, "50."),
        (Level.OK, "20."),
    }


def test_no_vcpus_at_all_is_an_error() -> None:
    """As of GPUs in a new account."""
    [(level, text, _)] = findings_of(
        vcpu_quotas.vcpus,
        DescribeComputeEnvironments=environments(spot("g5")),
        GetServiceQuota={"Quota": {"Value": 0.0}},
    )
    assert (level, "EC2 spot (G and VT)" in text, "no machine can start" in text) == (Level.ERROR, True, True)


def test_what_the_next_deploy_makes_is_compared_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environments of the queues that pipelines name, and no others."""
    steps: list[Step] = [
        Job("a", image="busybox", command=["true"], compute="gpu"),
        Job("b", image="busybox", command=["true"], compute="fargate", vcpus=1, memory=2048),
    ]
    pipelines = [Pipeline(name="p", triggers=[Manual()], steps=steps)]
    monkeypatch.setattr(vcpu_quotas, "load_pipelines", lambda *_: pipelines)
    account = FakeAccount(ListStackResources=NOT_DEPLOYED, GetServiceQuota={"Quota": {"Value": 1000.0}})
    checked = run_checks(
        Account(account.client, Configuration(max_vcpus_gpu=7, max_vcpus_fargate=2000), WELL_DOCKER),
        {"quotas": vcpu_quotas.vcpus},
    )
    texts = {one.text.partition(" vCPUs of ")[2].partition(";")[0]: one.level for _, one in checked}
    assert texts["EC2 spot (G and VT)"] is texts["EC2 on-demand (G and VT)"] is Level.OK
    assert texts["Fargate on-demand"] is Level.WARNING


def test_a_region_without_such_machines_is_not_checked() -> None:
    """It has no quota of them."""
    [(level, text, _)] = findings_of(
        vcpu_quotas.vcpus,
        DescribeComputeEnvironments=environments(spot("p5")),
        GetServiceQuota=refused("NoSuchResourceException"),
    )
    assert (level, "L-C4BD4855" in text) == (Level.NOT_CHECKED, True)


def test_an_account_that_does_not_answer_is_a_finding() -> None:
    """The other checks go on."""
    [(level, text, _)] = findings_of(
        vcpu_quotas.vcpus,
        DescribeComputeEnvironments=environments(spot("c7i")),
        GetServiceQuota=lambda _: EndpointConnectionError(endpoint_url="https://quotas"),
    )
    assert (level, "Not checked" in text) == (Level.WARNING, True)
