"""The headless half of SiloDesk: agent, hub, jobs and their shared language."""
