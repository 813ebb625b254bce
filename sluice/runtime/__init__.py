"""What runs in every image with Sluice inside: ``python -m sluice.runtime <module>:<function>``, ``cleanup``
or ``gate``.

``kinds`` has what each kind of job does, ``interface`` what a step function is given; the modules of this
folder are what all kinds share.
"""
