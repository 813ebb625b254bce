"""The console: its page over made-up data in a browser, and what it costs and takes over a local cloud."""
