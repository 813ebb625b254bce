"""What people read and do: runs, steps, logs, results; start, retry, cancel. Free of terminals.

The `sluice` command and a page in the browser use the same functions. The caller hands in the AWS clients;
``sluice.operate.clients`` lists the calls that each of them must have.
"""
