"""The functions of thumbnails."""

import io
import json
import time

from PIL import Image, ImageOps

WIDTHS = (16, 32)
KIND = "PNG"


def sizes(upload):
    """Find the widths to draw."""
    with Image.open(upload.open()) as picture:
        picture.verify()
    for width in WIDTHS:
        yield {"width": width}


def draw(item, out):
    """Publish one picture, with its content type by its name."""
    time.sleep(1)
    with Image.open(item.upload.open()) as picture:
        small = ImageOps.contain(picture.convert("RGB"), (item["width"], item["width"]))
    data = io.BytesIO()
    small.save(data, KIND)
    out.write(f"{item['width']}.{KIND.lower()}", data.getvalue())
    return small.size


def sheet(results, out):
    """Publish what was drawn."""
    out.write("sheet.json", json.dumps([size for _, size in results("draw")]))
