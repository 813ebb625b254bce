"""Serves it."""

from __future__ import annotations

import argparse

from console.serving import on_loopback
from tests.console.made_up.backend import MadeUp


def main() -> None:
    """Serve made-up data on loopback and print the address."""
    parser = argparse.ArgumentParser(description=str(main.__doc__))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speed", type=float, default=1.0)
    given = parser.parse_args()
    served = on_loopback(MadeUp(given.speed), "somebody", port=given.port)
    print(served.access.address, flush=True)
    served.run()


if __name__ == "__main__":
    main()
