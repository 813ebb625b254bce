"""What the page shows of the whole: what needs people, what waits, which pipeline starts which."""
