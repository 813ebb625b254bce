"""The console: a page in the browser that shows runs and acts on them, and what serves it.

``contract`` says what the page is sent, ``backend`` what stands behind it, ``app`` is the ASGI program.
"""
