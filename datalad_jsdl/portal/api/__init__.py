"""The portal for programs: ``/api/v1``.

``table`` has a row for each operation; the routes are made from it, and so is the OpenAPI document
(``document``). What a request may have is a JSON schema (``schemas``) by which the document
describes it, and ``checking`` checks it. ``endpoint`` does what all operations have in common.
"""
