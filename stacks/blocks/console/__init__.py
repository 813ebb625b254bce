"""The deployed console: its function and address, what it brings along, who may sign in, and what it may
do.
"""
