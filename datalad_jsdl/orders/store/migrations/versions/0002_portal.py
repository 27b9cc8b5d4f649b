"""What a portal has to remember: secrets, links that were revoked, terms that were accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "archive_links",
        sa.Column("order", sa.Text, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.create_table(
        "accepted_terms",
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("accepted_on", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("user", "source", "version", name="a_version_once"),
    )
