"""A project's runs, and one run watched live."""
