"""What is known of mirrors, for all files of a process.

`ranking` says which is asked first, `back_off` when one is not asked for a while, `quarantine`
which URLs gave wrong content. `registry` keeps what is known of each (`origin`), and its
connections. Before a download `survey` and `ask_all` ask each of them, `presence` one file's:
with questions (`probe`) whose answers `meaning` reads.
"""
