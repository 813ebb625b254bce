"""Links to AWS's console."""

from __future__ import annotations

from urllib.parse import quote

_DOMAINS = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}


def console(region: str) -> str:
    """Return the address of the console in a Region."""
    domain = next((domain for start, domain in _DOMAINS.items() if region.startswith(f"{start}-")), None)
    return f"https://{domain}" if domain else f"https://{region}.console.aws.amazon.com"


def job_link(region: str, job_id: str) -> str:
    """Return the page of a job."""
    return f"{console(region)}/batch/home?region={region}#jobs/detail/{job_id}"


def queue_link(region: str, queue: str) -> str:
    """Return the page of a job queue, by its ARN."""
    return f"{console(region)}/batch/home?region={region}#queues/detail/{queue}"


def environments_link(region: str) -> str:
    """Return the page of the compute environments."""
    return f"{console(region)}/batch/home?region={region}#compute-environments"


def log_link(region: str, group: str, stream: str) -> str:
    """Return the page of a log stream."""
    where = f"{_fragment(group)}/log-events/{_fragment(stream)}"
    return f"{console(region)}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{where}"


def _fragment(name: str) -> str:
    """Return a name for the fragment of CloudWatch's console: percent-encoded twice, with $ for %."""
    return quote(quote(name, safe=""), safe="").replace("%", "$")
