"""What the local cloud refuses."""


class LocalCloudError(Exception):
    """The local cloud cannot do what was asked; the message says what to do."""
