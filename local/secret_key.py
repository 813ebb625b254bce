"""The secret access key of a local cloud, and the folders that nobody but its user may read."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from local.errors import LocalCloudError

FOLDER_MODE, FILE_MODE = 0o700, 0o600
BYTES = 30  # forty characters, as AWS's secret access keys have


def secret_key(file: Path) -> str:
    """Return the secret that `file` keeps; it is made at the first call.

    A file that others could read is replaced: they may know the secret. Raises LocalCloudError when the
    file belongs to another user.
    """
    private_folder(file.parent)
    with suppress(FileNotFoundError):
        if _is_private(file):
            return file.read_text().strip()
        file.unlink()
    _write_once(file)
    return file.read_text().strip()


def private_folder(folder: Path) -> Path:
    """Make a folder that only this user may enter, or close one that is there; LocalCloudError when it is
    another user's.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    _check_owner(folder)
    if stat.S_IMODE(folder.stat().st_mode) != FOLDER_MODE:
        folder.chmod(FOLDER_MODE)
    return folder


def _is_private(file: Path) -> bool:
    _check_owner(file)
    found = file.lstat()
    return stat.S_ISREG(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077 and found.st_size > 0


def _write_once(file: Path) -> None:
    """Write a new secret unless another process was first: all read the one that was linked."""
    new = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secrets.token_urlsafe(BYTES) + "\n")
    with suppress(FileExistsError):
        os.link(new, file)
    new.unlink()


def _check_owner(path: Path) -> None:
    owner = path.lstat().st_uid
    if owner != os.geteuid():
        message = (
            f"Expected {path} to belong to you (user {os.geteuid()}), found user {owner}:"
            " set SLUICE_HOME to a folder of your own."
        )
        raise LocalCloudError(message)
