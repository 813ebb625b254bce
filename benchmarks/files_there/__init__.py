"""Files where they are: what is there already, complete sets, and runs one at a time, on the local cloud."""
