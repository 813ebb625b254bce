"""What is deployed: four stacks, and in ``blocks`` the constructs that they are made of.

Nothing here reads the environment: ``app.py`` reads the configuration once and passes it on.
"""
