"""The portal's pages, for people: rendered here, and whole without JavaScript.

A ``turn`` is one request for a page and what it needs; ``routes`` has them all. ``words`` is how
states, numbers and times are said, ``names`` how file names are shown, ``forms`` what a page sends
back, ``rendering`` turns templates into answers, ``look`` is what operators set. The other modules
have a page each, or a few.
"""
