"""Where a local cloud lives: its port, its endpoint and its state directory."""

import os
from dataclasses import dataclass
from pathlib import Path

from local.secret_key import secret_key

REGION = "us-east-1"
ACCOUNT = "000000000000"
DEFAULT_PORT = 4566
REPOSITORY = Path(__file__).resolve().parents[1]


def home() -> Path:
    """Return the directory that holds the state of every local cloud: `SLUICE_HOME`, else `.sluice` here."""
    return Path(os.environ.get("SLUICE_HOME") or REPOSITORY / ".sluice").resolve()


@dataclass(frozen=True)
class LocalCloudPaths:
    """One local cloud's port and the directory with all that it writes."""

    port: int
    state: Path

    @classmethod
    def of(cls, port: int) -> "LocalCloudPaths":
        """Return the paths of the cloud on `port`, in the state directory of its own: what is deployed
        names it, also where a link leads there.
        """
        return cls(port, (home() / f"local-{port}").resolve())

    @property
    def endpoint(self) -> str:
        """The URL that AWS clients use. An address, not a name: clients then put bucket names into paths."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the cloud's process logs."""
        return self.state / "cloud.log"

    @property
    def pid_file(self) -> Path:
        """The process id, in a file that the cloud keeps locked while it lives."""
        return self.state / "cloud.pid"

    @property
    def secret_file(self) -> Path:
        """The secret access key of this cloud's administrator."""
        return self.state / "secret-access-key"

    @property
    def images(self) -> Path:
        """The images that were built for this cloud."""
        return self.state / "images"

    @property
    def temporary(self) -> Path:
        """Unpacked Lambda functions and other things that die with the cloud."""
        return self.state / "tmp"

    def client_environment(self) -> dict[str, str]:
        """Return the environment in which any AWS client talks to this cloud as its administrator.

        A key of twelve digits is the root user of that account to the emulator, with IAM enforced or not;
        its secret is this cloud's own.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": secret_key(self.secret_file),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }
