"""An import: planned, written, and switched to."""
