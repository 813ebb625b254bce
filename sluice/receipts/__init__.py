"""Where a run publishes, and the receipt that says what it published: written last, so that others can wait
for it, and checked without Sluice's cloud.
"""
