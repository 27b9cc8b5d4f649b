"""The canonical zip, and what reads the contents for it.

The zip itself is in `zip`: ``members`` and ``layout`` say where every structure lies,
``structures`` what it looks like, ``framing`` puts content between block headers, ``ranges``
gives any range of the whole, and ``writer`` puts the members one after the other into an output.

A ``content`` is a value; ``entries`` makes them from those of a manifest. There is one way to read
contents, ``reading``: from a file or git object that is ``here``, or from the mirrors. Of those
``look_ahead`` takes pieces, as many as a ``budget`` allows; ``fetching`` makes a request, whose
bytes ``remote`` holds in memory or ``stream`` hands on while they come (with ``spill`` where they
wait too long). They are verified by their digest, or by ``pieces``; ``versions`` tells apart what
has neither.

On it stand ``archive`` (any range, by any thread; ``cancelling`` ends it), ``prepare`` (what has
to be known for that) and ``export``, which writes to an ``output`` (``targets`` are its names) and
has more ``ways`` (in ``spool``) to get at a content, the last one ``on_disk``. ``resume`` finds out
how much of a broken-off archive is good.
"""
