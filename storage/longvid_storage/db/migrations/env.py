"""Alembic's entry: runs migrations on the connection that ``longvid_storage.db.migrate`` hands over."""

from alembic import context

from longvid_storage.db.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
