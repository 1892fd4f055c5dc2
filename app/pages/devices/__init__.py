"""Every silo's devices, live."""
