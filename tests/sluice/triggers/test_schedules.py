"""Schedule expressions: the forms of AWS's documentation pass, others are refused by name."""

import pytest

from sluice.triggers.schedules import expression_problems


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 2 ? * SUN *)",
        "cron(15 10 ? * 6L 2022-2030)",
        "cron(0/15 8-17 ? * MON-FRI *)",
        "cron(0 9 1,15 JAN-JUN/2 ? *)",
        "cron(0 9 LW * ? *)",
        "cron(0 9 15W * ? *)",
        "cron(0 9 ? * 2#1 *)",
        "cron(* * * * ? 2199)",
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(36 hours)",
        "rate(1 day)",
        "at(2030-01-31T09:00:00)",
    ],
)
def test_what_scheduler_takes_has_no_problems(expression: str) -> None:
    """Forms of https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"""
    assert list(expression_problems(expression)) == []


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "cron(minutes hours"),
        ("0 2 * * *", "cron(minutes hours"),
        (" rate(1 day)", "cron(minutes hours"),
        ("daily", "cron(minutes hours"),
        ("cron(0 2 * * *)", "5 in cron"),
        ("cron(0  2 ? * SUN *)", "7 in cron"),
        ("cron(60 2 ? * SUN *)", "minutes of 0 to 59"),
        ("cron(0 24 ? * SUN *)", "hours of 0 to 23"),
        ("cron(0 2 32 * ? *)", "day-of-month of 1 to 31"),
        ("cron(0 2 ? 13 SUN *)", "month of 1 to 12"),
        ("cron(0 2 ? * 0 *)", "day-of-week of 1 to 7 or SUN to SAT"),
        ("cron(0 2 ?,1 * ? *)", "day-of-month of 1 to 31"),
        ("cron(0 2 ? * sun *)", "day-of-week of 1 to 7"),
        ("cron(0 2 ? * SUNDAY *)", "day-of-week of 1 to 7"),
        ("cron(0 2 ? * SUN 1969)", "year of 1970 to 2199"),
        ("cron(0/0 2 ? * SUN *)", "minutes of 0 to 59"),
        ("cron(0, 2 ? * SUN *)", "minutes of 0 to 59"),
        ("cron(0 2 * * * *)", "? in exactly one"),
        ("cron(0 2 ? * ? *)", "? in exactly one"),
        ("cron(0 \u0662 ? * SUN *)", "hours of 0 to 23"),
        ("rate(0 minutes)", "rate(1 hour)"),
        ("rate(1 hours)", "rate(1 hour)"),
        ("rate(5 minute)", "rate(1 hour)"),
        ("rate(30 seconds)", "rate(1 hour)"),
        ("rate(1.5 hours)", "rate(1 hour)"),
        ("at(2030-02-30T09:00:00)", "at(2030-01-31T09:00:00)"),
        ("at(2030-01-31T09:00:00Z)", "at(2030-01-31T09:00:00)"),
        ("at(2030-01-31)", "at(2030-01-31T09:00:00)"),
    ],
)
def test_a_wrong_form_is_refused_by_name(expression: str, says: str) -> None:
    """What was expected or found, and what to do."""
    problems = list(expression_problems(expression))
    assert any(says in expected or says in found for expected, found, _ in problems), problems
    assert all(fix for _, _, fix in problems)
