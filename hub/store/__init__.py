"""How it is kept: tables, the unit of work, sealed content, migrations. Rooms write the queries; nobody else does."""
