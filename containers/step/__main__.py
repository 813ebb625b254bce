"""Deprecated: ``python -m sluice.runtime`` is the entry point of every image."""

import runpy

if __name__ == "__main__":
    runpy.run_module("sluice.runtime", run_name="__main__", alter_sys=True)
