"""What is answered at each address: reads, changes, files, events, and the page itself."""
