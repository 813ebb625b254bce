import io

from PIL import Image
from pipelines.thumbnails import pipeline
from sluice.testing import run


def test_pictures_are_drawn():
    data = io.BytesIO()
    Image.new("RGB", (64, 32), "red").save(data, "PNG")
    ran = run(pipeline, files={"pictures/a.png": data.getvalue()})
    assert ran.succeeded, ran
    assert ran.files["sheet.json"].json() == [[16, 8], [32, 16]]
    assert Image.open(io.BytesIO(bytes(ran.files["16.png"]))).size == (16, 8)
