"""Choosing files of datasets and manifests for a list."""
