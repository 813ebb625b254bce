"""The functions of letters."""

import json
import time

from containers.shared.cleaning import cleaned

LENGTH = max


def longest(item, out):
    """Return the word of a file."""
    time.sleep(0.3)
    words = cleaned(item.upload.text())
    return [item.upload.source.key, LENGTH(words, key=len)]


def index(results, out):
    """Publish the words by file."""
    out.write("index.json", json.dumps(dict(found for _, found in results("longest")), sort_keys=True))
