"""Whether the Region can give the pipelines with a webhook their addresses."""

from __future__ import annotations

from collections.abc import Iterator

from cli.commands.doctor.checks.account import Account
from cli.commands.doctor.checks.finding import Finding, error, not_checked, ok
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
