"""What the team's pipelines share: how a text is cleaned."""


def cleaned(text):
    """Return the words of a text."""
    return text.lower().replace(",", " ").replace(".", " ").split()
