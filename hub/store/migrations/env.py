"""How Alembic runs our migrations: on the connection it is handed, in one transaction."""

from alembic import context
from sqlalchemy import Connection

from hub.store.tables import metadata
from hub.store.walls import lower_walls, raise_walls

connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)  # noqa: S101 - handed over by hub.store.migrate, which alone runs this
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    lower_walls(connection)
    context.run_migrations()
    raise_walls(connection)
