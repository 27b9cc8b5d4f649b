"""What Alembic runs a migration with: the connection that `opening` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
# the transaction is that of `opening`
context.run_migrations()
