"""Whether the Region can give the pipelines with a webhook their addresses, what bounds the use of these and
of the console's, and whether the console is deployed as the settings say.
"""

from __future__ import annotations

from collections.abc import Iterator

from cli.commands.doctor.account import Account, not_deployed
from cli.commands.doctor.checks.account.quotas import KEPT_FREE
from cli.commands.doctor.finding import Finding, error, not_checked, ok, warning
from cli.deploying.function_urls import FIX, region_has_function_urls, with_webhooks
from cli.project import current_project
from sluice.pipeline.loading import load_pipelines
from stacks.configuration import variable

_CONSOLE = "ConsoleFunction"
"""What the logical id of the console's function contains."""


def addresses(account: Account) -> Iterator[Finding]:
    """Check whether the Region has what the webhooks of this repository need."""
    names = with_webhooks(load_pipelines(current_project().root)) if account.configuration.webhooks else []
    if not names:
        yield ok("No pipeline needs an address.")
    elif account.local:
        yield not_checked("The local cloud gives addresses; whether a Region does is not known here.")
    elif region_has_function_urls(account.cloudformation):
        yield ok(f"The Region has function URLs, for {', '.join(names)}.")
    else:
        yield error(f"The Region has no function URLs, which the webhooks of {', '.join(names)} need.", FIX)


def concurrency(account: Account) -> Iterator[Finding]:
    """Check whether anything bounds how many requests to a webhook are answered at a time."""
    configuration = account.configuration
    names = with_webhooks(load_pipelines(current_project().root)) if configuration.webhooks else []
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
            _bound(free - KEPT_FREE, len(names), variable("webhook_concurrency")),
        )


def console(account: Account) -> Iterator[Finding]:
    """Check the deployed console: whether the settings still have it, and what bounds its use."""
    wanted = account.configuration.console
    functions = account.resources("Control", "AWS::Lambda::Function", within=_CONSOLE)
    if functions is None:
        yield not_deployed(account, "Control")
        return
    if not functions:
        yield ok(f"The console has no address{', and gets one with the next deploy' if wanted else ''}.")
        return
    if not wanted:
        yield warning(
            "The console has an address, and the settings do not have it: the next deploy takes it away, with"
            " all who were invited to its user pool.",
            f"Deploy with {variable('console')}=true, or write console = true into sluice.toml.",
        )
    if account.local:
        yield not_checked("The local cloud has no quotas: its functions are processes of this machine.")
        return
    found = account.lambdas.get_function_concurrency(FunctionName=functions[0])
    yield _bound_of_console(account, found.get("ReservedConcurrentExecutions"))


def _bound_of_console(account: Account, reserved: int | None) -> Finding:
    """Return what to say about how many requests to the console are answered at a time."""
    name, wanted = variable("console_concurrency"), account.configuration.console_concurrency
    if reserved == 0:
        return error(
            "The console answers nobody: 0 functions are reserved for it.", f"Deploy with {name}=10."
        )
    if account.configuration.console and reserved != wanted:
        return warning(
            f"The console answers {reserved or 'any number of'} requests at a time, and the settings say"
            f" {wanted or 'any number'}: it was changed, or is not deployed yet.",
            "Deploy again.",
        )
    if reserved is not None:
        return ok(f"The console answers at most {reserved} requests at a time.")
    limit = account.lambdas.get_account_settings()["AccountLimit"]
    free = int(limit.get("UnreservedConcurrentExecutions", limit["ConcurrentExecutions"]))
    return warning(
        "Nothing bounds the console: requests to its address, also of who cannot sign in, can use up all"
        f" {free} functions that this account runs at once without reserving, and every other Lambda waits.",
        _bound(free - KEPT_FREE, 1, name),
    )


def _bound(spare: int, functions: int, name: str) -> str:
    """Return how to bound so many functions by a setting, where the account has anything to reserve."""
    if spare < functions:
        return (
            f"The account has nothing to reserve, because {KEPT_FREE} must stay free: aws service-quotas"
            " request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value"
            f" 1000, then deploy with {name}=10."
        )
    return f"Deploy with {name}={min(10, spare // functions)}, which reserves so many for each of them."
