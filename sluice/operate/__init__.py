"""What people read and do, without a terminal: for the command and for a page in the browser."""
