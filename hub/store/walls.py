"""The second wall between tenants, PostgreSQL's own: row-level security on every table whose rows belong to landlords.

`raise_walls` and `admit` are the owner's work (`concordat migrate`); `enter` begins every transaction of the role that
queries. That role cannot choose its own scope: the setting that the policies read holds a keyed digest over scope,
connection and transaction, and the key lies where only the verifying function, which runs as the owner, can read it.
So a query that somebody smuggles in stays within the scope of the transaction that it runs in.

The traps closed here, each by `tests/hub/store/test_walls.py`: an owner is exempt unless the policy is forced; a view
reads as its owner; a setting of the session outlives the transaction; after a commit it is '' and not NULL; whoever
queries may call set_config. SQLite has no such wall; there `hub.store.narrowing` stands alone.
"""

import hmac
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, text

from hub.errors import NotTrusted
from hub.keys import KeyRing
from hub.store.scope import Reach, Scope

_BLOCK: Final = 64
"""Bytes of a block of SHA-256: a key of HMAC is padded to it (RFC 2104)."""

_APPEND_ONLY: Final = ("audit_entry", "audit_node", "audit_checkpoint")
"""The log: whoever queries may add to it and read it, and neither change nor delete."""

_TENANTED: Final = """
    SELECT c.oid, c.relname, c.relowner, c.relforcerowsecurity AND c.relrowsecurity AS forced, EXISTS (
        SELECT FROM pg_attribute b WHERE b.attrelid = c.oid AND b.attname = 'agency' AND NOT b.attisdropped) AS agency
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'landlord' AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""

_STANDING: Final = f"""
    SELECT EXISTS (SELECT FROM pg_roles o WHERE (o.rolsuper OR o.rolbypassrls) AND pg_has_role(o.oid, 'MEMBER'))
        OR EXISTS (SELECT FROM pg_class c
                   WHERE c.relnamespace = 'public'::regnamespace AND pg_has_role(c.relowner, 'MEMBER'))
        OR has_database_privilege(current_database(), 'TEMPORARY') OR has_schema_privilege('public', 'CREATE')
        AS strong,
        NOT coalesce(has_schema_privilege(to_regnamespace('concordat')::oid, 'USAGE'), false)
        OR EXISTS (SELECT FROM ({_TENANTED}) t WHERE NOT t.forced OR NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polname = 'within_scope'))
        OR EXISTS (SELECT FROM pg_class v WHERE v.relnamespace = 'public'::regnamespace AND (v.relkind = 'm'
                   OR v.relkind = 'v' AND NOT coalesce(v.reloptions @> ARRAY['security_invoker=true'], false))) AS open
"""  # noqa: S608 - made of constants

_VERIFIER: Final = """
CREATE SCHEMA IF NOT EXISTS concordat;
CREATE TABLE IF NOT EXISTS concordat.scope_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), inside bytea NOT NULL, outside bytea NOT NULL);
REVOKE ALL ON concordat.scope_key FROM PUBLIC;
CREATE OR REPLACE FUNCTION concordat.scope() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    told text := nullif(current_setting('concordat.scope', true), '');
    said text := left(told, -65);
    signed bytea;
BEGIN
    SELECT sha256(outside || sha256(inside || convert_to(
        said || '|' || pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp()), 'UTF8')))
        INTO signed FROM concordat.scope_key;
    -- Digests are compared, not the values, so that the time it takes tells nothing of how much is right.
    IF sha256(convert_to(right(told, 64), 'UTF8')) = sha256(convert_to(encode(signed, 'hex'), 'UTF8')) THEN
        RETURN said;
    END IF;
    RETURN NULL;
END $body$;
REVOKE ALL ON FUNCTION concordat.scope() FROM PUBLIC;
"""


def raise_walls(connection: Connection) -> None:
    """Put every table with a landlord behind a policy, whatever was there before; run by the tables' owner."""
    if connection.dialect.name != "postgresql":
        return
    connection.exec_driver_sql(_VERIFIER)
    for table in connection.execute(text(_TENANTED)):
        own = "'every', 'landlord:' || landlord"
        seen = f"{own}, 'agency:' || agency" if table.agency else own
        connection.exec_driver_sql(f"""
            DROP POLICY IF EXISTS within_scope ON public.{table.relname};
            CREATE POLICY within_scope ON public.{table.relname}
                USING ((SELECT concordat.scope()) = ANY (ARRAY[{seen}]))
                WITH CHECK ((SELECT concordat.scope()) = ANY (ARRAY[{own}]));
            ALTER TABLE public.{table.relname} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        """)


def lower_walls(connection: Connection) -> None:
    """Take the policies away until this transaction ends: a migration changes the rows and columns of all landlords."""
    if connection.dialect.name != "postgresql":
        return
    for table in connection.execute(text(_TENANTED)):
        connection.exec_driver_sql(f"""
            DROP POLICY IF EXISTS within_scope ON public.{table.relname};
            ALTER TABLE public.{table.relname} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
        """)


def admit(connection: Connection, role: str | None, keys: KeyRing) -> None:
    """Give a role what queries need and no more, and let the verifier know this hub's key; run by the tables' owner.

    Raises NotTrusted for a role that is not there, or that no wall would hold.
    """
    if connection.dialect.name != "postgresql":
        return
    if role is None:
        raise NotTrusted("QUERY_ROLE_UNKNOWN", "name the role that queries in CONCORDAT_QUERY_ROLE, or no wall holds")
    found = connection.execute(
        text("SELECT quote_ident(rolname) AS name, rolsuper OR rolbypassrls OR rolname = current_user AS strong "
             "FROM pg_roles WHERE rolname = :role"), {"role": role},
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotTrusted("QUERY_ROLE_UNKNOWN", "the database has no role of the name in CONCORDAT_QUERY_ROLE; make it")
    if found.strong:
        raise _too_strong()
    inside, outside = (bytes(byte ^ pad for byte in _key(keys).ljust(_BLOCK, b"\0")) for pad in (0x36, 0x5C))
    connection.execute(
        text("INSERT INTO concordat.scope_key (inside, outside) VALUES (:inside, :outside) "
             "ON CONFLICT (one) DO UPDATE SET inside = excluded.inside, outside = excluded.outside"),
        {"inside": inside, "outside": outside},
    )  # fmt: skip
    connection.exec_driver_sql(f"""
        DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %%I FROM PUBLIC', current_database()); END $$;
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {found.name};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {found.name};
        REVOKE UPDATE, DELETE ON {", ".join(_APPEND_ONLY)} FROM {found.name};
        REVOKE UPDATE ON audit_inbox FROM {found.name};
        REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {found.name};
        GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {found.name};
        GRANT USAGE ON SCHEMA concordat TO {found.name};
        GRANT EXECUTE ON FUNCTION concordat.scope() TO {found.name};
    """)


def stand(connection: Connection) -> None:
    """Raise NotTrusted unless the walls stand, and hold the role of this connection too."""
    if connection.dialect.name != "postgresql":
        return
    role = connection.execute(text(_STANDING)).one()
    if role.strong:
        raise _too_strong()
    if role.open:
        raise NotTrusted("WALLS_DOWN", "the database does not keep landlords apart; run 'concordat migrate'")


class Gate:
    """Begins each transaction in its scope, so that PostgreSQL knows it too."""

    def __init__(self, keys: KeyRing) -> None:
        """For the hub of these keys."""
        self._key = _key(keys)

    def enter(self, connection: Connection, scope: Scope) -> "Passage":
        """Tell PostgreSQL the scope of the transaction that this connection just began. Raises NotTrusted."""
        passage = Passage(self._key, connection)
        passage.enter(scope)
        return passage


class Passage:
    """One transaction on its way through the gate; what its token is bound to, beside the scope, is asked once."""

    def __init__(self, key: bytes, connection: Connection) -> None:
        """Made by `Gate` only."""
        self._key, self._connection = key, connection
        self._begun: str | None = None

    def enter(self, scope: Scope) -> None:
        """Tell PostgreSQL the scope, until this transaction ends. Raises NotTrusted where it is not believed."""
        if self._connection.dialect.name != "postgresql":
            return
        said = scope.reach.value if scope.reach in (Reach.EVERY, Reach.NOBODY) else f"{scope.reach.value}:{scope.of}"
        if self._begun is None:
            self._begun = self._connection.exec_driver_sql(
                "SELECT pg_backend_pid() || '|' || extract(epoch FROM transaction_timestamp())"
            ).scalar_one()
        token = f"{said}|{hmac.new(self._key, f'{said}|{self._begun}'.encode(), 'sha256').hexdigest()}"
        believed = self._connection.exec_driver_sql(
            "SELECT set_config('concordat.scope', %s, true), concordat.scope()", (token,)
        ).one()[1]
        if believed != said:
            raise NotTrusted("SCOPE_NOT_TAKEN", "the database knows another hub's keys; run 'concordat migrate' again")


def _key(keys: KeyRing) -> bytes:
    """Of the log's signing key, which every process of a hub has from the start and which is seldom exchanged."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"concordat walls")
    return derived.derive(keys.log.private_bytes_raw())


def _too_strong() -> NotTrusted:
    return NotTrusted("DATABASE_ROLE_TOO_STRONG", "the database role owns tables or is exempt from row-level security; "
                      "run this as the role in CONCORDAT_QUERY_ROLE, and that as neither")  # fmt: skip
