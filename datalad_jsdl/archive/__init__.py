"""The canonical zip: layout (pure arithmetic), bytes, and the export of a dataset.

``members`` and ``layout`` say where every structure lies, ``records`` what it looks like,
``framing`` puts content between block headers, and ``stream`` gives any range of the whole.
Content is a `readers.Reader`: from a file or git object that is here (``source``), or from the
mirrors, fetched ahead (``ahead``) or on its way (``remote``). ``contents`` lists what a dataset's
commit has, ``export`` tries one way after the other to get at each content, ``writing`` puts the
members one after the other into an ``output``, and ``resume`` finds out how much of a broken-off
archive is good.
"""
