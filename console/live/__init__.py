"""The backend over AWS: the command's own functions, their answers kept for a moment for all who look."""
