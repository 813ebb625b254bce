"""A project of somebody else's in an empty folder, used by the documented commands alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.paths import REPOSITORY

_PROJECTS = Path(__file__).parent / "projects"


class Stranger:
    """The project, and a shell in its folder."""

    def __init__(self, root: Path, name: str, port: int) -> None:
        self.root, self.port = root / name, port
        self._environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(root / "home"),
            "LANG": "C.UTF-8",
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_"))},
        }
        self.log = root / "log"
        self._run(["sluice", "init", name, "--source", str(REPOSITORY)], root)
        for part in ("pipelines", "containers", "tests"):
            shutil.rmtree(self.root / part)
            shutil.copytree(_PROJECTS / name / part, self.root / part)

    def sluice(self, *words: str) -> str:
        """Run a command of the project in its own Sluice, and return what it prints."""
        return self._run(["./sluicew", *words], self.root)

    def up(self) -> None:
        """Start a cloud with the project, and let the shell use it."""
        self.sluice("local", "up", "--detach", "--port", str(self.port))
        for line in self.sluice("local", "env", "--port", str(self.port)).splitlines():
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").partition("=")
                self._environment[name] = value.strip("'\"")

    def down(self) -> None:
        """End the cloud."""
        self.sluice("local", "down", "--port", str(self.port))

    def deploy(self) -> str:
        """Bring the cloud up to date."""
        return self.sluice("local", "deploy", "--port", str(self.port))

    def change(self, file: str, old: str, new: str) -> None:
        """Change the project's code."""
        path = self.root / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def results(self, run_id: str) -> Path:
        """Follow a run to its success, and return the folder that its results were downloaded into."""
        self.sluice("show", run_id, "--follow")
        folder = self.root / "downloads" / run_id
        self.sluice("results", run_id, "--download", str(folder))
        return folder

    def content_type(self, run_id: str, name: str) -> str:
        """Return the content type of a published file."""
        files: dict[str, Any] = json.loads(self.sluice("results", run_id, "--json"))
        key = next(one["key"] for one in files["files"] if one["name"] == name)
        code = (
            "import sys, botocore.session as s; c = s.get_session().create_client('s3');"
            "print(c.head_object(Bucket=sys.argv[1], Key=sys.argv[2])['ContentType'])"
        )
        return self._run([sys.executable, "-c", code, files["bucket"], key], self.root).strip()

    def _run(self, command: list[str], folder: Path) -> str:
        # Into a file: a cloud that goes on keeps what it was given open.
        with self.log.open("a") as errors, (self.log.with_suffix(".out")).open("w+") as out:
            ran = subprocess.run(
                command,
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                check=False,
            )
            out.seek(0)
            said = out.read()
        assert ran.returncode == 0, f"{command}: {said}\n{self.log.read_text()[-4000:]}"
        return said
