"""A backend with made-up data, for the page's work, tests and measurements: 10,000 runs, a graph of 1,000
steps, an array of 10,000 children with 1,000,000 items, failures, logs and results, which change while one
looks.

`python -m tests.console.made_up --port 0` prints the address that opens a console over it. The runs to know:
``huge-0`` (1,000 steps), ``wide-0`` (the large array, running), ``broken-0`` (failed), ``stuck-0`` (waiting).
"""
