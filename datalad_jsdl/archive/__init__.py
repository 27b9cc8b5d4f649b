"""The canonical zip: layout (pure arithmetic), bytes, and what reads the contents for them.

``members`` and ``layout`` say where every structure lies, ``records`` what it looks like,
``framing`` puts content between block headers, and ``stream`` gives any range of the whole.

A ``content`` is a value. There is one way to read contents, ``source``: from a file or git object
that is ``here``, or from the mirrors (``ahead``, ``remote``), as far ahead as a ``budget`` allows,
verified by their digest or by ``pieces``. On it stand ``archive`` (any range, by any thread),
``prepare`` (what has to be known for that) and ``export``, in which ``writing`` puts the members
one after the other into an ``output``; ``resume`` finds out how much of a broken-off one is good.

``contents`` lists what a dataset's commit has, and ``home`` opens it.
"""
