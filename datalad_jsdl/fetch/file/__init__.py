"""One file: its candidates are asked until the content is verified, or none of them is left.

`download` is the loop, and decides alone. It makes a `request` at a time, whose answer
`receiving` checks and puts into the store; `parallel` has more connections for a large file. What
changes meanwhile is in two values: `state` for the file, `candidates` for each of its URLs. What a
fault means is in `learning`, when a candidate is asked no more in `giving_up`. Once all bytes are
there, `completion` verifies them, and if they are wrong, `blame` finds out which to drop.
"""
