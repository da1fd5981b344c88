"""How Alembic runs our migrations: on the connection it is handed, in one transaction."""

from alembic import context
from sqlalchemy import Connection

from hub.store.tables import metadata

connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)  # noqa: S101 - handed over by hub.store.migrate, which alone runs this
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
