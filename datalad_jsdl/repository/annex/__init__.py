"""git-annex: keys, logs, objects and settings."""
