"""What was deployed last to a local cloud: the assembly, and of which sources it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local.paths import LocalCloudPaths
from local.server.lock import holder

_FILE = "deployed.json"


@dataclass(frozen=True, slots=True)
class Deployed:
    """A cloud assembly, the project that it is of, and the digests of its parts (``synth.digests``).

    ``cloud`` is the process id of the cloud.
    """

    assembly: str
    project: str
    digests: Mapping[str, str]
    cloud: int | None

    def save(self, paths: LocalCloudPaths) -> None:
        """Note that this was deployed."""
        (paths.state / _FILE).write_text(json.dumps(asdict(self), indent=1))

    def changed_containers(self, project: Path, digests: Mapping[str, str]) -> list[str] | None:
        """Return the containers whose code alone differs; None where anything else does, or one is new."""
        if self.project != str(project.resolve()) or self.digests.keys() != digests.keys():
            return None
        changed = [name for name, digest in digests.items() if self.digests[name] != digest]
        return None if "" in changed or not Path(self.assembly).is_dir() else changed


def last_deployed(paths: LocalCloudPaths) -> Deployed | None:
    """Return what was deployed last to the cloud that runs now, None before its first deploy."""
    try:
        found = Deployed(**json.loads((paths.state / _FILE).read_text()))
    except FileNotFoundError:
        return None
    return found if found.cloud == holder(paths.pid_file) else None


def forget(paths: LocalCloudPaths) -> None:
    """Note that nothing is known of what is deployed: a deploy has begun."""
    (paths.state / _FILE).unlink(missing_ok=True)
