"""Lists, orders, what is known of their contents, jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _a_file() -> list[sa.Column[object]]:
    return [
        sa.Column("user", sa.Text, sa.ForeignKey("file_lists.user"), nullable=False),
        sa.Column("source", sa.Integer, sa.ForeignKey("sources.id"), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("mtime", sa.BigInteger),
        sa.Column("entry", sa.Text),
    ]


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.UniqueConstraint("kind", "location", name="one_source_a_location"),
        sa.UniqueConstraint("name", name="one_source_a_name"),
    )
    op.create_table(
        "file_lists",
        sa.Column("user", sa.Text, primary_key=True),
        sa.Column("updated_on", sa.Float, nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
    )
    op.create_table(
        "listed_files",
        *_a_file(),
        sa.PrimaryKeyConstraint("user", "source", "path", name="a_file_once"),
    )
    op.create_table(
        "removed_files",
        *_a_file(),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("user", "batch", "source", "path", name="a_removed_file_once"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("created_on", sa.Float, nullable=False),
        sa.Column("archive_name", sa.Text, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("unsized", sa.Integer, nullable=False),
        sa.Column("archive_size", sa.BigInteger),
        sa.Column("archive_sha256", sa.Text),
    )
    op.create_index("orders_of_a_user", "orders", ["user", "created_on"])
    op.create_table(
        "order_files",
        sa.Column("order", sa.Text, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("source", sa.Integer, sa.ForeignKey("sources.id"), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger),
        sa.Column("mtime", sa.BigInteger),
        sa.Column("entry", sa.Text),
        sa.PrimaryKeyConstraint("order", "position", name="a_place_once"),
    )
    op.create_table(
        "file_states",
        sa.Column("source", sa.Integer, sa.ForeignKey("sources.id"), nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("mirrors", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
        sa.Column("checked_on", sa.Float),
        sa.PrimaryKeyConstraint("source", "version", "path", name="a_state_once"),
    )
    op.create_table(
        "downloads",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("order", sa.Text, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("finished_on", sa.Float, nullable=False),
    )
    op.create_index("downloads_of_a_user", "downloads", ["user", "finished_on"])
    op.create_table(
        "keys",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("crc32", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("found_on", sa.Float, nullable=False),
    )
    op.create_table(
        "pieces",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name="a_piece_once"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("args", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("progress", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("created_on", sa.Float, nullable=False),
        sa.Column("started_on", sa.Float),
        sa.Column("updated_on", sa.Float, nullable=False),
        sa.Column("rate_since", sa.Float),
        sa.Column("rate_from", sa.BigInteger),
        sa.Column("lease_until", sa.Float),
        sa.Column("holder", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "created_on"])
    op.create_index("jobs_of_a_user", "jobs", ["user", "created_on"])
    active = sa.text("state IN ('queued', 'running')")
    op.create_index(
        "the_same_job_once",
        "jobs",
        ["digest"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
