"""Whether the Region can give the pipelines with a webhook their addresses, and what bounds their use."""

from __future__ import annotations

from collections.abc import Iterator

from cli.commands.doctor.checks.account import Account
from cli.commands.doctor.checks.finding import Finding, error, not_checked, ok, warning
from cli.function_urls import FIX, region_has_function_urls, with_webhooks
from local.paths import REPOSITORY
from sluice.pipeline.loading import load_pipelines


def addresses(account: Account) -> Iterator[Finding]:
    """Check whether the Region has what the webhooks of this repository need."""
    names = with_webhooks(load_pipelines(REPOSITORY)) if account.configuration.webhooks else []
    if not names:
        yield ok("No pipeline needs an address.")
    elif account.local:
        yield not_checked("The local cloud gives addresses; whether a Region does is not known here.")
    elif region_has_function_urls(account.cloudformation):
        yield ok(f"The Region has function URLs, for {', '.join(names)}.")
    else:
        yield error(f"The Region has no function URLs, which the webhooks of {', '.join(names)} need.", FIX)


# Reserving must leave so many to the functions that reserve nothing:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
_KEPT_FREE = 100


def concurrency(account: Account) -> Iterator[Finding]:
    """Check whether anything bounds how many requests to a webhook are answered at a time."""
    configuration = account.configuration
    names = with_webhooks(load_pipelines(REPOSITORY)) if configuration.webhooks else []
    if not names:
        yield ok("No pipeline has a webhook.")
    elif configuration.webhook_concurrency is not None:
        yield ok(f"Each webhook answers at most {configuration.webhook_concurrency} requests at a time.")
    elif account.local:
        yield not_checked("The local cloud has no quotas: its functions are processes of this machine.")
    else:
        limit = account.lambdas.get_account_settings()["AccountLimit"]
        whole = int(limit["ConcurrentExecutions"])
        free = int(limit.get("UnreservedConcurrentExecutions", whole))
        yield warning(
            f"Nothing bounds the webhooks of {', '.join(names)}: requests to their addresses can use up"
            f" all {free} functions that this account runs at once without reserving (of {whole}), and every"
            " other Lambda waits.",
            _bound(free - _KEPT_FREE, len(names)),
        )


def _bound(spare: int, webhooks: int) -> str:
    """Return how to bound the webhooks, where the account has anything to reserve."""
    if spare < webhooks:
        return (
            f"The account has nothing to reserve, because {_KEPT_FREE} must stay free: aws service-quotas"
            " request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value"
            " 1000, then deploy with SLUICE_WEBHOOK_CONCURRENCY=10."
        )
    each = min(10, spare // webhooks)
    return f"Deploy with SLUICE_WEBHOOK_CONCURRENCY={each}, which reserves so many for each webhook."
