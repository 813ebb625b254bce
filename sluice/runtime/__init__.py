"""What every image with Sluice inside starts with: ``python -m sluice.runtime <module>:<function>``,
``cleanup`` or ``gate``.
"""
