"""One folder per page of the desktop."""
