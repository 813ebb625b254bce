"""What another account or Region must have."""

from __future__ import annotations

from sluice.operate.buckets.connections import connection_to
from sluice.operate.buckets.forwarding import Home, bucket_statements, forwarding_template, key_statements
from sluice.pipeline.definition import Job, Pipeline, S3Upload

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab"
HOME = Home(partition="aws", account="999988887777", region="eu-central-1", stack_prefix="Sluice")
PIPELINE = Pipeline(
    name="sales",
    triggers=[
        S3Upload(
            bucket="landing",
            account="111122223333",
            region="eu-west-1",
            prefix="a/",
            suffix=".csv",
            kms_key=KEY,
        ),
        S3Upload(bucket="landing", account="111122223333", region="eu-west-1", prefix="b/"),
        S3Upload(
            bucket="landing", account="111122223333", region="eu-west-1", prefix="c/", suffix=[".b", ".a"]
        ),
    ],
    steps=[Job("work", run="work")],
)
LANDING = connection_to("landing", [PIPELINE])


def test_a_rule_forwards_what_triggers_take_and_nothing_else() -> None:
    """To the default bus of Sluice's account and Region, by a role that may do only that; what cannot be
    forwarded is kept.
    """
    resources = forwarding_template(LANDING, HOME)["Resources"]
    rule = resources["Forward"]["Properties"]
    assert rule["EventPattern"]["detail"] == {
        "bucket": {"name": ["landing"]},
        "object": {
            "key": [{"wildcard": "a/*.csv"}, {"prefix": "b/"}, {"wildcard": "c/*.a"}, {"wildcard": "c/*.b"}]
        },
    }
    (target,) = rule["Targets"]
    bus = "arn:aws:events:eu-central-1:999988887777:event-bus/default"
    assert target["Arn"] == bus
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
    (policy,) = resources["ForwardRole"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
    ]


def test_the_policies_let_the_job_roles_alone_read_below_the_prefixes() -> None:
    """And decrypt by way of S3."""
    read, listed = bucket_statements(LANDING, HOME)
    assert read["Resource"] == [
        "arn:aws:s3:::landing/a/*",
        "arn:aws:s3:::landing/b/*",
        "arn:aws:s3:::landing/c/*",
    ]
    assert listed["Condition"]["StringLike"] == {"s3:prefix": ["a/*", "b/*", "c/*"]}
    (decrypt,) = key_statements(LANDING, HOME)
    assert decrypt["Condition"]["StringEquals"] == {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    for statement in (read, listed, decrypt):
        assert statement["Principal"] == {"AWS": "arn:aws:iam::999988887777:root"}
        assert statement["Condition"]["ArnLike"] == {
            "aws:PrincipalArn": [
                "arn:aws:iam::999988887777:role/SluicePipelines-*",
                # `SLUICE_ROLE_PATH` is a part of the ARN.
                "arn:aws:iam::999988887777:role/*/SluicePipelines-*",
            ]
        }


def test_without_keys_no_key_has_a_policy() -> None:
    """S3's own encryption needs none."""
    plain = Pipeline(
        name="plain", triggers=[S3Upload(bucket="landing", prefix="a/")], steps=[Job("work", run="work")]
    )
    assert key_statements(connection_to("landing", [plain]), HOME) == []
