"""Buttons and links of pages elsewhere, which choose files for their visitors.

Such a page is trusted by a key (``keys``), with which it signs what it posts (``signing``).
"""
