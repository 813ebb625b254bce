"""The files of the demo."""

from cli.commands.demo.files import BROKEN_KEY, FLIGHTS_KEY, TEXT_KEY, files


def test_two_good_files_and_a_broken_one() -> None:
    """The broken one is a table of another kind."""
    found = {file.key: file.content for file in files()}
    assert list(found) == [FLIGHTS_KEY, TEXT_KEY, BROKEN_KEY]
    assert b"dep_time" in found[FLIGHTS_KEY].splitlines()[0]
    assert b"dep_time" not in found[BROKEN_KEY].splitlines()[0]
    assert len(found[TEXT_KEY].decode()) > 0
