"""Asks an Orthanc server what it has. Its login is the operators', and no visitor sees it."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import (
    FetchError,
    JsdlError,
    ManifestError,
    NothingThereError,
    PortalError,
    StatusError,
)
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.portal.orthanc.resources import Found, Level, Row, as_amount, as_resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from datalad_jsdl.orders.model import Source
    from datalad_jsdl.portal.orthanc.resources import Resource

__all__ = ["OrthancServer", "Search", "checked_url"]

lgr = logging.getLogger(LOGGER)

_ROWS = 25  # studies on a page
_KEPT = 256  # resources that are remembered
_FRESH = 1.0  # seconds in which a resource is not asked for again
_STALE = 600.0  # seconds for which what was said last will do if the server does not answer
_PATTERN = re.compile(r"[\\*?\x00-\x1f\x7f]")


def checked_url(given: str) -> str:
    """The URL of a server, without a slash at its end.

    Raises:
        PortalError: it cannot be one.
    """
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PortalError("--orthanc is the URL of an Orthanc server, as in http://127.0.0.1:8042")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise PortalError(
            "--orthanc is a URL without a login, query or fragment; "
            "--credential says where the login is"
        )
    return given.rstrip("/")


@dataclass(frozen=True)
class Search:
    """Which studies are wanted; "" for any.

    Attributes:
        patient: part of the patient's name.
        id: part of the patient's ID.
        study: part of the study's description.
        since: first day, ``2026-03-01``.
        until: last day.
    """

    patient: str = ""
    id: str = ""
    study: str = ""
    since: str = ""
    until: str = ""

    @property
    def query(self) -> dict[str, str]:
        """By DICOM tag, as ``/tools/find`` takes it (PS3.4, C.2.2.2)."""
        parts = {"PatientName": self.patient, "PatientID": self.id, "StudyDescription": self.study}
        # what would be a pattern or several values is any character
        found = {tag: f"*{_PATTERN.sub('?', part)}*" for tag, part in parts.items() if part}
        since, until = (_day(day) for day in (self.since, self.until))
        if since or until:
            found["StudyDate"] = f"{since}-{until}"
        return found


@dataclass(frozen=True)
class OrthancServer:
    """A server, for any thread.

    All methods raise `NothingThereError` for what there is not, and `FetchError` or
    `ManifestError` if the server does not answer as it should.

    Attributes:
        source: what the store knows it as; its location is the URL.
        credentials: where its login is.
        passes_posts: whether a program's POST for an archive goes to the server as it is.
    """

    source: Source
    credentials: tuple[str, ...] = ()
    passes_posts: bool = False
    _kept: OrderedDict[tuple[Level, str], tuple[float, Found]] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )
    _lock: threading.Lock = field(
        default_factory=threading.Lock, init=False, repr=False, compare=False
    )

    @property
    def name(self) -> str:
        """By which settings have rules for it."""
        return self.source.name

    @property
    def url(self) -> str:
        """Of its API, without a slash at its end."""
        return self.source.location

    @property
    def host(self) -> str:
        """Its name, for people; "" for an address, which says nothing to them."""
        host = urlsplit(self.url).hostname or ""
        is_name = "." in host and not host.replace(".", "").isdigit() and ":" not in host
        return host if is_name else ""

    def find(self, level: Level, identifier: str) -> Found:
        """A resource, by an ID that was checked.

        If the server does not answer, what it said in the last ten minutes will do.
        """
        key = level, identifier
        with self._lock:
            asked_on, kept = self._kept.get(key, (0.0, None))
        age = time.monotonic() - asked_on
        if kept is not None and age < _FRESH:
            return kept
        try:
            found = self._asked(level, identifier, kept)
        except NothingThereError:
            with self._lock:
                self._kept.pop(key, None)
            raise
        except (FetchError, ManifestError) as error:
            if kept is None or age > _STALE:
                raise
            return replace(kept, problem=str(error))
        with self._lock:
            self._kept[key] = time.monotonic(), found
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def search(self, wanted: Search, number: int) -> tuple[Sequence[Resource], bool]:
        """A page of studies, the first being 1, and whether there are more after it.

        Which are on which page is up to Orthanc.
        """
        question = {
            "Level": "Study", "Query": wanted.query, "Expand": True, "CaseSensitive": False,
            "Since": (number - 1) * _ROWS, "Limit": _ROWS + 1,
        }  # fmt: skip
        url = f"{self.url}/tools/find"
        with self._api("studies") as api:
            answer = api.post(url, question).document()
        if not isinstance(answer, list):
            raise ManifestError("Orthanc did not answer with a list of studies")
        found = [as_resource(Level.STUDY, item, "Orthanc") for item in answer]
        # Orthanc has an order of its own; on the page the newest is first
        newest = sorted(found[:_ROWS], key=lambda study: study.tags.get("StudyDate", ""))[::-1]
        return newest, len(found) > _ROWS

    def post(self, level: Level, identifier: str, document: Any) -> Any:
        """What the server itself answers to a POST for an archive, which makes a job there."""
        with self._api(level.word) as api:
            return api.post(f"{self.url}/{level.value}/{identifier}/archive", document).document()

    def _asked(self, level: Level, identifier: str, kept: Found | None) -> Found:
        here = f"{self.url}/{level.value}/{identifier}"
        urls = [here, f"{here}/statistics", f"{self.url}/system"]
        if level is Level.SERIES:
            urls.append(f"{here}/study")  # it knows the patient
        with self._api(level.word) as api:
            own, statistics, system, *above = (answer.document() for answer in api.get_all(urls))
            resource = as_resource(level, own, "Orthanc")
            for document in above:
                study = as_resource(Level.STUDY, document, "Orthanc")
                resource = replace(resource, tags={**study.tags, **resource.tags})
            version = str(system.get("Version", "")) if isinstance(system, dict) else ""
            found = Found(resource, as_amount(statistics, "Orthanc"), version)
            if kept is not None and kept.version == found.version:
                return replace(found, rows=kept.rows)
            return replace(found, rows=self._rows(api, resource) if level.below else ())

    def _rows(self, api: WebApi, resource: Resource) -> list[Row]:
        level = Level(resource.level.below)
        answer = api.get(f"{self.url}/{resource.level.value}/{resource.id}/{level.value}")
        document = answer.document()
        if not isinstance(document, list):
            raise ManifestError(f"Orthanc did not answer with a list of {level.value}")
        inner = [as_resource(level, item, "Orthanc") for item in document]
        urls = (f"{self.url}/{level.value}/{item.id}/statistics" for item in inner)
        amounts = [as_amount(answer.document(), "Orthanc") for answer in api.get_all(urls)]
        rows = [Row(item, amount) for item, amount in zip(inner, amounts, strict=True)]
        return sorted(rows, key=_place)

    @contextmanager
    def _api(self, what: str) -> Iterator[WebApi]:
        """To ask with; errors are in words for visitors, the log has the others."""
        try:
            # opened each time: what was learned of a server that was down is forgotten
            with open_engine(
                None, credentials=self.credentials, typed=self.url, reads_only=True
            ) as engine:
                engine.expect_origins([self.url])
                yield WebApi(engine)
        except StatusError as error:
            if error.status == 404:
                raise NothingThereError(
                    f"Orthanc has no such {what}; it may have been deleted there"
                ) from None
            lgr.warning("Orthanc: %s", error)
            raise StatusError(_refusal(error.status), error.status) from None
        except FetchError as error:
            lgr.warning("Orthanc: %s", error)
            raise FetchError("Orthanc does not answer now; try again in a moment") from None
        except ManifestError as error:
            lgr.warning("Orthanc: %s", error)
            raise
        except JsdlError as error:  # of the operators' settings
            lgr.error("Orthanc: %s", error)
            raise FetchError("Orthanc cannot be asked; the portal's log says why") from None


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "Orthanc does not accept the login that this portal has; tell whoever runs it"
    return f"Orthanc answered with an error (status {status}); try again in a moment"


def _place(row: Row) -> tuple[str, int, str, str]:
    """Studies by date, series by number, and what has neither last."""
    number = row.resource.tags.get("SeriesNumber", "").strip()
    is_number = number.isascii() and number.isdigit() and len(number) < 10
    place = int(number) if is_number else 1 << 32
    return row.resource.tags.get("StudyDate", ""), place, row.resource.title, row.resource.id


def _day(given: str) -> str:
    """As DICOM writes it; "" for what is no day."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", given)
    return "".join(match.groups()) if match else ""
