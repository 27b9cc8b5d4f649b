"""The tables, as they stand in the newest version of the database.

Times are seconds since 1970 (UTC). Sizes are bytes. A change here needs a migration beside it.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

__all__ = [
    "accepted_terms",
    "archive_links",
    "downloads",
    "file_lists",
    "file_states",
    "jobs",
    "keys",
    "listed_files",
    "metadata",
    "order_files",
    "orders",
    "pieces",
    "posted_selections",
    "removed_files",
    "secrets",
    "sources",
]

metadata = MetaData()

#: What files are from: datasets, manifests, an Orthanc.
sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("location", Text, nullable=False),
    UniqueConstraint("kind", "location", name="one_source_a_location"),
    UniqueConstraint("name", name="one_source_a_name"),
)

#: One a user: the row that is locked while a list is changed.
file_lists = Table(
    "file_lists",
    metadata,
    Column("user", Text, primary_key=True),
    Column("updated_on", Float, nullable=False),
    Column("batch", Integer, nullable=False),
)


def _a_file() -> tuple[Column[object], ...]:
    """What a list says of a file."""
    return (
        Column("user", Text, ForeignKey("file_lists.user"), nullable=False),
        Column("source", Integer, ForeignKey("sources.id"), nullable=False),
        Column("version", Text, nullable=False),
        Column("path", Text, nullable=False),
        Column("size", BigInteger),
        Column("mtime", BigInteger),
        Column("entry", Text),
    )


listed_files = Table(
    "listed_files",
    metadata,
    *_a_file(),
    PrimaryKeyConstraint("user", "source", "path", name="a_file_once"),
)

#: What was taken off a list, for undo; the batch says by which change.
removed_files = Table(
    "removed_files",
    metadata,
    *_a_file(),
    Column("batch", Integer, nullable=False),
    PrimaryKeyConstraint("user", "batch", "source", "path", name="a_removed_file_once"),
)

#: Immutable, but for what is found out of their archives.
orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("created_on", Float, nullable=False),
    Column("archive_name", Text, nullable=False),
    Column("files", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("unsized", Integer, nullable=False),
    Column("archive_size", BigInteger),
    Column("archive_sha256", Text),
    Index("orders_of_a_user", "user", "created_on"),
)

order_files = Table(
    "order_files",
    metadata,
    Column("order", Text, ForeignKey("orders.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("source", Integer, ForeignKey("sources.id"), nullable=False),
    Column("version", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger),
    Column("mtime", BigInteger),
    Column("entry", Text),
    PrimaryKeyConstraint("order", "position", name="a_place_once"),
)

#: What stands between users and a file, as it was found last; shared by all users.
file_states = Table(
    "file_states",
    metadata,
    Column("source", Integer, ForeignKey("sources.id"), nullable=False),
    Column("version", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("access", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("mirrors", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("since", Float, nullable=False),
    Column("checked_on", Float),
    PrimaryKeyConstraint("source", "version", "path", name="a_state_once"),
)

#: What users have downloaded, and how fast.
downloads = Table(
    "downloads",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user", Text, nullable=False),
    Column("order", Text, ForeignKey("orders.id"), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("finished_on", Float, nullable=False),
    Index("downloads_of_a_user", "user", "finished_on"),
)

#: What a pass over a content has found; shared by all orders.
keys = Table(
    "keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("crc32", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("found_on", Float, nullable=False),
)

pieces = Table(
    "pieces",
    metadata,
    Column("key", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    PrimaryKeyConstraint("key", "number", name="a_piece_once"),
)

#: What is done in the background. The row is the truth; a queue only wakes who runs it.
#:
#: The digest is of kind, user and args, the holder is the lease that a worker has, and the rate
#: is that since the job has had so much progress.
jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("args", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("progress", BigInteger, nullable=False),
    Column("total", BigInteger),
    Column("message", Text, nullable=False),
    Column("result", Text),
    Column("created_on", Float, nullable=False),
    Column("started_on", Float),
    Column("updated_on", Float, nullable=False),
    Column("rate_since", Float),
    Column("rate_from", BigInteger),
    Column("lease_until", Float),
    Column("holder", Text),
    Column("attempts", Integer, nullable=False),
    Column("cancel", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Index("jobs_by_state", "state", "created_on"),
    Index("jobs_of_a_user", "user", "created_on"),
    Index("jobs_begun_for_a_user", "user", "started_on"),
    Index(
        "the_same_job_once",
        "digest",
        unique=True,
        sqlite_where=text("state IN ('queued', 'running')"),
        postgresql_where=text("state IN ('queued', 'running')"),
    ),
)

#: What links are signed with, and cookies; all processes of a portal have the same.
secrets = Table(
    "secrets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

#: How often the links to an order's archive were revoked; no row for never.
archive_links = Table(
    "archive_links",
    metadata,
    Column("order", Text, ForeignKey("orders.id"), primary_key=True),
    Column("generation", Integer, nullable=False),
)

#: Who has accepted which version of whose terms, and when.
accepted_terms = Table(
    "accepted_terms",
    metadata,
    Column("user", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("accepted_on", Float, nullable=False),
    PrimaryKeyConstraint("user", "source", "version", name="a_version_once"),
)

#: What pages elsewhere have chosen for visitors. A row stays until its nonce has expired, so that
#: it is accepted once; the selection goes with it.
posted_selections = Table(
    "posted_selections",
    metadata,
    Column("id", Text, primary_key=True),
    Column("posted_by", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("selection", Text, nullable=False),
    Column("is_trusted", Boolean, nullable=False),
    Column("until", Float, nullable=False),
    Column("user", Text),
    Column("listed_before", Text),
    UniqueConstraint("posted_by", "nonce", name="a_nonce_once"),
    Index("selections_by_time", "until"),
)

#: What operators have set that whoever works with the store has to obey.
operator_settings = Table(
    "operator_settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

#: Sessions that users have ended before their time, until that.
ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("until", Float, nullable=False),
)
