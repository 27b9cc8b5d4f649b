"""What portals hand out, read into entries."""
