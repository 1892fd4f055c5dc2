"""The first page: join, sign in, host a hub, or try the demo."""
