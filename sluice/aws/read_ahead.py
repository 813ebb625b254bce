"""Does something with each of many things, a few ahead: 10,000 small objects one after the other would take
minutes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

_T = TypeVar("_T")
_R = TypeVar("_R")


def in_order(act: Callable[[_T], _R], things: Iterable[_T], ahead: int) -> Iterator[_R]:
    """Yield what is made of each thing, in order, at most ``ahead`` at a time: without a thread for none or
    one.
    """
    # Most jobs read one object or none; the import costs milliseconds.
    from concurrent.futures import ThreadPoolExecutor

    found = iter(things)
    first = list(islice(found, 2))
    if len(first) < 2:
        yield from map(act, first)
        return
    with ThreadPoolExecutor(ahead) as pool:
        begun: deque[Future[_R]] = deque()
        for thing in chain(first, found):
            begun.append(pool.submit(act, thing))
            if len(begun) >= ahead:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
