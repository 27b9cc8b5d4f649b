"""What messages advise is done, as it stands there: it has to help, and to make nothing worse.

`listing` finds the pieces of advice in the source and has the list of the tests that follow them.
"""
