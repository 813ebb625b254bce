"""What starts runs: the triggers that are drawn, the rules of each, and the events that people and clocks
cause.
"""
