"""Brings a cloud that runs up to date: by the shortest way that the change allows."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.deployment.code_change import Change, change_of, check_code
from local.deployment.deploy import client_of, deploy, pipelines_stack
from local.deployment.deployed import Deployed, last_deployed
from local.deployment.steps import Progress, step
from local.deployment.synth import digests
from local.errors import LocalCloudError
from local.executors import PROCESS
from local.images.environments import prepare
from local.paths import REPOSITORY, LocalCloudPaths
from local.server.process import control

_UPDATE_SECONDS = 60.0
_POLL_SECONDS = 0.05
WATCH_SECONDS = 0.2


def update(
    paths: LocalCloudPaths, progress: Progress, project: Path = REPOSITORY, names: Collection[str] = ()
) -> None:
    """Deploy what has changed of a project since the last deploy to the cloud of ``paths``; every run, file
    and result stays. Raises LocalCloudError.

    Of changes of code alone, ``names`` are the containers whose are deployed; without names, all.
    """
    _check_names(project, names)
    deployed, now = last_deployed(paths), digests(project, os.environ)
    changed = _changed_code(paths, deployed, project, now)
    if deployed is None or changed is None:
        deploy(paths, progress, project)
        return
    wanted = [name for name in changed if not names or name in names]
    if not wanted:
        progress("deploy     nothing has changed")
    if not all(_deploy_next(paths, progress, project, name, now[name]) for name in wanted):
        deploy(paths, progress, project)


def update_code(paths: LocalCloudPaths, progress: Progress, project: Path, names: Collection[str]) -> None:
    """Deploy what has changed of the code of the containers ``names`` and nothing else, whatever else of the
    project has changed or is broken. Raises LocalCloudError where that takes a deploy of the project.
    """
    _check_names(project, names)
    deployed, now = last_deployed(paths), digests(project, os.environ)
    known = deployed.digests if deployed and deployed.project == str(project.resolve()) else {}
    wanted = [name for name in names if known.get(name) != now[name]]
    if not wanted:
        progress("deploy     nothing has changed")
    for name in wanted:
        if name not in known or not _deploy_next(paths, progress, project, name, now[name]):
            message = f"Expected a change of the code of {name} alone, found more: deploy the whole project."
            raise LocalCloudError(message)


def _deploy_next(paths: LocalCloudPaths, progress: Progress, project: Path, name: str, digest: str) -> bool:
    """Deploy the code of one container onto the last deploy; return False where the CDK has to."""
    deployed = last_deployed(paths)
    assembly = _deploy_code(paths, progress, project, Path(deployed.assembly), name) if deployed else None
    if deployed is None or assembly is None:
        return False
    known = {**deployed.digests, name: digest}
    replace(deployed, assembly=str(assembly), digests=known).save(paths)
    return True


def _changed_code(
    paths: LocalCloudPaths, deployed: Deployed | None, project: Path, now: dict[str, str]
) -> list[str] | None:
    """Return the containers whose code alone has changed; None where the CDK has to deploy."""
    if deployed is None or control(paths, "GET", "health")["executor"] != PROCESS:
        return None
    return deployed.changed_containers(project, now)


def _deploy_code(
    paths: LocalCloudPaths, progress: Progress, project: Path, assembly: Path, name: str
) -> Path | None:
    """Deploy the code of one container and return the assembly that has it, None where the CDK has to."""
    folder, stack = project / "containers" / name, pipelines_stack(project)
    check_code(folder)
    prepare(project, progress)
    with step(progress, "deploy", f"the code of {folder.name}"):
        change = change_of(paths, assembly, stack, folder.name, folder)
        if change is None:
            return None
        _apply(paths, stack, change)
    return change.assembly


def _check_names(project: Path, names: Collection[str]) -> None:
    known = sorted(path.parent.name for path in (project / "containers").glob("*/steps.py"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise LocalCloudError(f"Expected one of {', '.join(known)}, found {unknown[0]}.")


def changes(project: Path) -> Iterator[None]:
    """Yield each time that a project's files have changed since this call and are still for a moment: an
    editor writes a file in several goes. A save between the call and the first look at the iterator is one.
    """
    return _changes_since(_still(project), project)


def _changes_since(before: dict[str, str], project: Path) -> Iterator[None]:
    while True:
        time.sleep(WATCH_SECONDS)
        now = _still(project)
        if now != before:
            before = now
            yield


def _still(project: Path) -> dict[str, str]:
    while True:
        try:
            found = digests(project, os.environ)
            time.sleep(_POLL_SECONDS)
            if found == digests(project, os.environ):
                return found
        except FileNotFoundError:  # It is being replaced.
            time.sleep(_POLL_SECONDS)


def _apply(paths: LocalCloudPaths, stack: str, change: Change) -> None:
    s3 = client_of(paths, "s3")
    for bucket, key, content in change.files:
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    cloudformation = client_of(paths, "cloudformation")
    capabilities = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
    cloudformation.update_stack(StackName=stack, TemplateURL=change.template_url, Capabilities=capabilities)
    deadline = time.monotonic() + _UPDATE_SECONDS
    while (found := _stack(cloudformation, stack))["StackStatus"].endswith("IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise LocalCloudError(
                f"Expected {stack} to be updated within {_UPDATE_SECONDS:.0f} s, found it not."
            )
        time.sleep(_POLL_SECONDS)
    if found["StackStatus"] != "UPDATE_COMPLETE":
        reason = found.get("StackStatusReason", "no reason")
        raise LocalCloudError(f"Expected {stack} to be updated, found {found['StackStatus']}: {reason}.")


def _stack(cloudformation: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return found
