"""Logins that people have already, each for its own origin and no other.

`values` has what all know of, `rules` reads what a user has named, `sources` is the table of places
where logins are kept, `kinds` how each kind is shown to a server, `place` what is known of an
origin, `keeper` what is tried in which order.
"""
