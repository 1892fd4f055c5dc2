"""The shared language of hub, agent and desktop."""
