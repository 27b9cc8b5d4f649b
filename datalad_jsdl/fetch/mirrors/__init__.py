"""Mirrors: what is known of each, and which is asked next."""
