"""HTTP; the only package that uses urllib3."""
