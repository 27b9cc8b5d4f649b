"""Who somebody is, where a portal has several users.

Told by a ``proxy`` in front of the portal, or by a provider of OpenID Connect (``openid``), whose
answer is kept in a cookie that is ``sealed``.
"""
