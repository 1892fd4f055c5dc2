"""What a person may set on this machine."""
