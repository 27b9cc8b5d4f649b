"""Entries → keys → plan → git objects, in a git-annex repository.

Knows git and git-annex, not DataLad.
"""
