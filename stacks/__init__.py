"""What is deployed: four stacks that compose, and the constructs in ``blocks`` that they are made of.

Nothing here reads the environment: ``app.py`` reads the configuration once and hands it down.
"""
