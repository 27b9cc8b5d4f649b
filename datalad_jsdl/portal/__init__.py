"""The portal: what people with only a browser choose, order and download.

It stands on `orders`, and knows nothing of DataLad's commands. A ``site`` is what is served; an
``app`` answers requests about it, each of which goes through the ``gate`` (which hosts, who asks
by what ``identity``, from where). ``archive_endpoint`` gives any ``ranges`` of an order's archive,
which ``opened`` keeps open and ``streams`` reads for a client.
``problems`` are answers that say what went wrong. ``serving`` runs all of that.
"""
