"""The canonical zip: layout (pure arithmetic), bytes, and the export of a dataset.

The same ordered list of (path, content, size, mtime, mode) gives the same bytes,
whoever writes them; see docs/zip.md for the format.
"""
