"""The special remote: git-annex's protocol in, fetch/ out. Imports no DataLad."""
