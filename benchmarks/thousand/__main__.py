"""Measures and prints it."""

import json

from benchmarks.thousand.measuring import measure, table

if __name__ == "__main__":
    measured = measure()
    print(json.dumps(measured, indent=1))
    print(table(measured))
