"""The engines a job can run: flower and script."""
