"""What every image with Sluice inside starts with: ``python -m containers.step <module>:<function>``,
``cleanup`` or ``gate``.
"""
