"""Who gets in: the layers of the endpoint before everything else, the outermost first: `guard`, `signed`."""
