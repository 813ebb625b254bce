"""A plan, a thousand items that cost nothing as a thousand children, and a fan-in, beside redun's pool of
processes and a bare one, in the same run.

    python -m benchmarks.thousand
"""
