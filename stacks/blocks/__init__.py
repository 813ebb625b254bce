"""The constructs that the stacks are made of: a package for each concern, one idea a file.

A package imports only from those before it: storage, machines, monitoring, functions, consumers, triggers,
large_graphs, jobs, webhook, console.
"""
