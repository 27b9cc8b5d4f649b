"""git's objects and commands."""
