"""Reads a Dockerfile, as far as an image can be had from it without running anything."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.errors import LocalCloudError

# Metadata without a meaning for a process on this machine.
IGNORED = frozenset({"EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "SHELL", "STOPSIGNAL", "USER", "VOLUME"})
KNOWN = IGNORED | {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "WORKDIR"}


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile with its line number and the text after its keyword."""

    line: int
    keyword: str
    text: str

    def words(self, variables: Mapping[str, str]) -> list[str]:
        """Return the words of the text, from its JSON or shell form, with `$NAME` replaced from
        `variables`.
        """
        words = self.json_words()
        return [substitute(word, variables) for word in (shlex.split(self.text) if words is None else words)]

    def json_words(self) -> list[str] | None:
        """Return the words of an instruction in JSON form (`["python", "-m", "step"]`), None for any other
        form.
        """
        if not self.text.startswith("["):
            return None
        try:
            return [str(word) for word in json.loads(self.text)]
        except ValueError:
            return None

    def command(self) -> tuple[str, ...]:
        """Return what CMD or ENTRYPOINT runs; the shell form runs in a shell, as Docker has it."""
        words = self.json_words()
        return ("/bin/sh", "-c", self.text) if words is None else tuple(words)


def parse(text: str) -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile.

    Raises LocalCloudError for one that this machine's stand-in for Docker does not know.
    Syntax: https://docs.docker.com/reference/dockerfile/
    """
    for line, joined in _logical_lines(text):
        keyword, _, rest = joined.partition(" ")
        instruction = Instruction(line, keyword.upper(), rest.strip())
        if instruction.keyword not in KNOWN or "<<" in rest:
            message = (
                f"Expected one of {', '.join(sorted(KNOWN))} without a here-document, found `{joined}` in"
                f" line {line}."
            )
            raise LocalCloudError(message)
        yield instruction


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Return `text` with `$NAME`, `${NAME}` and `${NAME:-default}` replaced; unknown names become empty."""
    pattern = r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})"
    return re.sub(pattern, lambda found: variables.get(found[1] or found[2], found[3] or ""), text)


def pairs(instruction: Instruction, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of ENV or ARG: `A=1 B=2`, or ENV's old form `A some text`."""
    name, _, value = instruction.text.partition(" ")
    if instruction.keyword == "ENV" and "=" not in name:
        return {name: substitute(value.strip(), variables)}
    return {key: value for key, _, value in (word.partition("=") for word in instruction.words(variables))}


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their continuations joined, without comments and empty lines, and the number of their
    start.
    """
    start, pending = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        start = start if pending else number
        pending += line.strip()
        if pending.endswith("\\"):
            pending = pending[:-1].rstrip() + " "
            continue
        yield start, pending
        pending = ""
