"""The `silodesk` command, one module per command group."""
