"""The page of the hub: hosted here or elsewhere, its health, its people, its storage."""
