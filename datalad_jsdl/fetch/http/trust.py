"""Which certificates of servers are trusted, and which is shown to them.

Both come from the usual variables and from git's ``http.*`` settings (git-config(1)).
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Trust", "tls_context", "trust_of"]

_AUTHORITIES = "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO GIT_SSL_CAPATH"


@dataclass(frozen=True, slots=True)
class Trust:
    """Certificates for an origin; "" stands for nothing special.

    Attributes:
        authorities: files and folders of certificates to trust, and no others.
        certificate: file with the client's certificate.
        key: file with its key, where that is another one.
    """

    authorities: tuple[str, ...] = ()
    certificate: str = ""
    key: str = ""


def trust_of(settings: Mapping[str, str], *, certificates: bool = True) -> Trust:
    """What the user has set.

    Args:
        settings: git's, the name after ``http.`` in lower case to its value.
        certificates: whether a client's certificate is shown.
    """

    def named(variables: str, *names: str) -> tuple[str, ...]:
        found = [os.environ.get(variable, "") for variable in variables.split()]
        found += [settings.get(name, "") for name in names]
        return tuple(dict.fromkeys(os.path.expanduser(place) for place in found if place))

    authorities = named(_AUTHORITIES, "sslcainfo", "sslcapath")
    if not certificates:
        return Trust(authorities)
    certificate, key = named("GIT_SSL_CERT", "sslcert"), named("GIT_SSL_KEY", "sslkey")
    return Trust(authorities, (*certificate, "")[0], (*key, "")[0])


def tls_context(trust: Trust) -> ssl.SSLContext:
    """Trust in the authorities that are named, else in the system's and certifi's.

    The system's are those of ``SSL_CERT_FILE`` where that is set.

    Raises:
        FetchError: a file that is named cannot be used.
    """
    import certifi  # plain HTTP does without

    named = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if trust.authorities else None
    context = named or ssl.create_default_context()
    for place in trust.authorities or (certifi.where(),):
        try:
            if os.path.isdir(place):
                context.load_verify_locations(capath=place)
            else:
                context.load_verify_locations(cafile=place)
        except OSError as error:  # an SSLError, too
            raise FetchError(
                f"cannot load trusted certificates from {place}: {error.strerror}"
            ) from None
    if trust.certificate:
        try:
            context.load_cert_chain(trust.certificate, trust.key or None, _no_password)
        except (OSError, FetchError) as error:
            raise FetchError(f"client certificate {trust.certificate}: {error}") from None
    return context


def _no_password() -> str:
    # OpenSSL would ask on the terminal, which is not ours
    raise FetchError("its key has a password; use a key without one")
