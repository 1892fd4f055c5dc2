"""Everything that runs inside the job, shipped as plain source."""
