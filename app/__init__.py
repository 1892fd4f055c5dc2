"""The Qt desktop: draws state, sends intentions, owns no business rule."""
