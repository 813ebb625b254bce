"""The secret access key of a local cloud."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.errors import LocalCloudError
from local.paths import LocalCloudPaths
from local.secret_key import private_folder, secret_key


def mode(path: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_each_cloud_has_its_own(tmp_path: Path) -> None:
    """It is long, stays the same, and is no other cloud's."""
    clouds = [LocalCloudPaths(port, tmp_path / str(port)) for port in (4566, 4567)]
    first, second = (cloud.client_environment()["AWS_SECRET_ACCESS_KEY"] for cloud in clouds)
    assert len(first) == 40
    assert first != second
    assert clouds[0].client_environment()["AWS_SECRET_ACCESS_KEY"] == first


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    """Neither the file nor its folder is open to others, also where the folder was."""
    folder = tmp_path / "cloud"
    folder.mkdir(mode=0o755)
    secret_key(folder / "secret")
    assert (mode(folder), mode(folder / "secret")) == (0o700, 0o600)


@pytest.mark.parametrize("open_to", [0o604, 0o640, 0o644, 0o666])
def test_a_secret_that_others_could_read_is_replaced(tmp_path: Path, open_to: int) -> None:
    """Somebody may know it."""
    file = tmp_path / "secret"
    before = secret_key(file)
    file.chmod(open_to)
    assert secret_key(file) != before
    assert mode(file) == 0o600


def test_a_link_is_replaced(tmp_path: Path) -> None:
    """A secret is not read from where a link leads."""
    known, file = tmp_path / "known", tmp_path / "cloud" / "secret"
    known.write_text("known\n")
    known.chmod(0o600)
    private_folder(file.parent)
    file.symlink_to(known)
    assert secret_key(file) != "known"
    assert not file.is_symlink()


def test_all_who_ask_at_once_get_the_same(tmp_path: Path) -> None:
    """The first writes, the others read it."""
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: secret_key(tmp_path / "cloud" / "secret"), range(40)))) == 1
    assert [path.name for path in (tmp_path / "cloud").iterdir()] == ["secret"]


def test_another_users_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its owner could put a secret there that they know."""
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(LocalCloudError, match=r"Expected .* to belong to you"):
        secret_key(tmp_path / "secret")
