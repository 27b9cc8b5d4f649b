"""What pages elsewhere have chosen for visitors; and whose job was begun last, to be fair."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posted_selections",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("posted_by", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("selection", sa.Text, nullable=False),
        sa.Column("is_trusted", sa.Boolean, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("user", sa.Text),
        sa.Column("listed_before", sa.Text),
        sa.UniqueConstraint("posted_by", "nonce", name="a_nonce_once"),
    )
    op.create_index("selections_by_time", "posted_selections", ["until"])
    op.create_index("jobs_begun_for_a_user", "jobs", ["user", "started_on"])
