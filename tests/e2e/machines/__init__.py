"""What runs on which machines, and what becomes of it when these are lost."""
