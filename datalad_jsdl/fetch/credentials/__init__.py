"""Logins that people have already, each for its own origin and no other.

`login` has what all know of, `rules` reads what a user has named, `sources` is the table of places
where logins are kept, `schemes` how each kind is shown to a server, `place` what is known of an
origin, `session` what is tried in which order.
"""
