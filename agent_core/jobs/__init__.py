"""Job processes: started, supervised, relayed, ended."""
