"""PostgreSQL's own wall between landlords: it holds where nothing was narrowed, and each of its known holes is shut."""

import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, Engine, create_engine, insert, text
from sqlalchemy.exc import ProgrammingError

from hub.bootstrap import open_hub, open_scaled_out
from hub.errors import ConcordatError, NotTrusted
from hub.ids import Prefix, new_id
from hub.settings import Settings
from hub.store import migrate, walls
from hub.store.scope import EVERY, NOBODY, Scope, of_agency, of_landlord
from hub.store.tables import case_file, landlord, metadata
from hub.store.unit_of_work import Store
from tests.hub.store.conftest import NOW
from tests.hub.store.stores import keyring
from tests.hubs import LMH
from tests.servers import as_owner, fresh_database, owning, query_role

pytestmark = pytest.mark.postgresql
OHG = of_landlord("OHG")
COUNT = "SELECT landlord, count(*) FROM case_file GROUP BY landlord"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A migrated database with two cases of LMH and three of OHG; tests undo what they change."""
    with fresh_database() as made, owning(made) as owner:
        migrate.upgrade(owner)
        with owner.begin() as connection:
            connection.execute(insert(landlord), [
                {"code": code, "name": code, "jurisdiction": "england", "public_authority": False}
                for code in ("LMH", "OHG", "")])  # fmt: skip
        yield made


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[Store]:
    made = Store(url, keyring(), pool_size=1)
    with owning(url) as owner, owner.begin() as connection:
        walls.admit(connection, query_role(url), made.keys)
    for scope, count in ((LMH, 2), (OHG, 3)):
        for _ in range(count):
            with made.write(scope) as tx:
                case = new_id(Prefix.CASE)
                tx.connection.execute(insert(case_file).values(id=case, reference_index=case, opened_at=NOW))
    yield made
    made.close()


@pytest.fixture
def owner(url: str) -> Iterator[Engine]:
    with owning(url) as found:
        yield found


@contextmanager
def querying(url: str) -> Iterator[psycopg.Connection]:
    """Somebody who got hold of the query role's own connection, past all of our code."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=False) as connection:
        yield connection


def counted(connection: psycopg.Connection | Connection, query: str = COUNT) -> dict[str, int]:
    rows = (
        connection.execute(query) if isinstance(connection, psycopg.Connection) else connection.exec_driver_sql(query)
    )
    return {str(name): int(count) for name, count in rows}  # type: ignore[misc]


def raw(store: Store, scope: Scope, query: str = COUNT) -> dict[str, int]:
    """What a query gives that nobody narrowed: the second wall alone."""
    with store.read(scope) as tx:
        return counted(tx.connection._connection, query)


@pytest.mark.parametrize(
    ("scope", "seen"), [(LMH, {"LMH": 2}), (OHG, {"OHG": 3}), (EVERY, {"LMH": 2, "OHG": 3}), (NOBODY, {}),
                        (of_agency("agy_fire"), {}), (of_landlord("every"), {}), (of_landlord("MHP"), {})],
)  # fmt: skip
def test_a_query_that_nobody_narrowed_sees_its_scope_alone(store: Store, scope: Scope, seen: dict[str, int]) -> None:
    assert raw(store, scope) == seen


@pytest.mark.parametrize("scope", [LMH, NOBODY, of_agency("agy_fire")], ids=lambda scope: scope.reach.value)
@pytest.mark.parametrize("change", [
    "UPDATE case_file SET landlord = 'OHG'", "UPDATE case_file SET opened_at = 0 WHERE landlord = 'OHG'",
    "DELETE FROM case_file WHERE landlord = 'OHG'",
    "INSERT INTO case_file (id, landlord, reference_index, opened_at) VALUES ('x', 'OHG', 'x', 0)",
    "INSERT INTO case_file SELECT id, 'OHG', 'x', 0 FROM case_file ON CONFLICT (id) DO UPDATE SET landlord = 'OHG'",
])  # fmt: skip
def test_a_change_that_nobody_narrowed_reaches_no_other_landlord(store: Store, scope: Scope, change: str) -> None:
    before = raw(store, EVERY, "SELECT id || landlord || opened_at, 1 FROM case_file")
    try:
        with store.write(scope) as tx:
            tx.connection._connection.exec_driver_sql(change)
    except ProgrammingError as refused:
        assert isinstance(refused.orig, InsufficientPrivilege)  # noqa: PT017 - not every change is refused aloud
    assert raw(store, EVERY, "SELECT id || landlord || opened_at, 1 FROM case_file") == before


@pytest.mark.usefixtures("store")
def test_every_table_of_landlords_is_behind_the_wall(owner: Engine) -> None:
    tenanted = {table.name for table in metadata.tables.values() if "landlord" in table.c}
    with owner.connect() as connection:
        held = connection.execute(text(
            "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'within_scope' "
            "WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.polcmd = '*' AND p.polqual IS NOT NULL "
            "AND p.polwithcheck IS NOT NULL")).scalars().all()  # fmt: skip
        assert set(held) == tenanted
        assert len(tenanted) > 10
        assert connection.execute(text("SELECT count(*) FROM pg_policy")).scalar_one() == len(tenanted)


@pytest.mark.usefixtures("store")
def test_the_log_can_be_added_to_and_read_and_not_changed(url: str) -> None:
    for table in ("audit_entry", "audit_node", "audit_checkpoint", "alembic_version"):
        for act in ("DELETE FROM {0}", "TRUNCATE {0}", f"UPDATE {{0}} SET {_column(table)} = NULL"):  # noqa: S608
            change = act.format(table)
            with querying(url) as connection, pytest.raises(InsufficientPrivilege):
                connection.execute(change)  # type: ignore[arg-type]


@pytest.mark.usefixtures("store")
def test_what_waits_for_its_number_in_the_log_can_be_taken_and_not_changed(url: str) -> None:
    for change in ("UPDATE audit_inbox SET leaf = ''", "TRUNCATE audit_inbox"):
        with querying(url) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute(change)  # type: ignore[arg-type]


def _column(table: str) -> str:
    return next(iter(metadata.tables[table].c)).name if table in metadata.tables else "version_num"


# ---- the five holes of row-level security (security.md, finding 6): each reproduced, each shut


@pytest.fixture
def naive(owner: Engine) -> Iterator[str]:
    """A table behind a policy as one first writes it, of an owner who is no superuser; returns that owner's name."""
    name = f"concordat_test_owner_{secrets.token_hex(4)}"
    with owner.begin() as connection:
        connection.exec_driver_sql(f"""
            CREATE ROLE {name};
            GRANT {name} TO CURRENT_USER;
            GRANT CREATE, USAGE ON SCHEMA public TO {name};
            GRANT USAGE ON SCHEMA concordat TO {name};
            GRANT EXECUTE ON FUNCTION concordat.scope() TO {name};
            CREATE TABLE naive (landlord text);
            INSERT INTO naive VALUES ('LMH'), ('OHG'), ('');
            CREATE POLICY own ON naive USING (landlord = current_setting('app.landlord', true));
            ALTER TABLE naive ENABLE ROW LEVEL SECURITY;
            ALTER TABLE naive OWNER TO {name};
            GRANT SELECT ON naive TO PUBLIC;
        """)  # noqa: S608 - a name made here
    yield name
    with owner.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE naive CASCADE; DROP OWNED BY {name}; DROP ROLE {name};")


NAIVE = "SELECT landlord, count(*) FROM naive GROUP BY landlord"


def test_hole_1_an_owner_is_exempt_where_the_policy_is_not_forced(naive: str, owner: Engine) -> None:
    with owner.connect() as connection, connection.begin() as undone:
        connection.exec_driver_sql(f"ALTER TABLE case_file OWNER TO {naive}")
        connection.exec_driver_sql(f"SET LOCAL ROLE {naive}")
        assert len(counted(connection, NAIVE)) == 3
        assert counted(connection) == {}
        connection.exec_driver_sql("ALTER TABLE case_file NO FORCE ROW LEVEL SECURITY")
        assert counted(connection) == {"LMH": 2, "OHG": 3}
        undone.rollback()


def test_hole_2_a_view_reads_as_its_owner(naive: str, owner: Engine, url: str, store: Store) -> None:
    with owner.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL ROLE {naive}")
        connection.exec_driver_sql("CREATE VIEW seen AS SELECT * FROM naive; GRANT SELECT ON seen TO PUBLIC")
    with querying(url) as connection:
        assert len(counted(connection, "SELECT landlord, count(*) FROM seen GROUP BY 1")) == 3
    ours = "CREATE VIEW seen {0} AS SELECT * FROM case_file; GRANT SELECT ON seen TO PUBLIC"
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP VIEW seen; ALTER TABLE naive RENAME COLUMN landlord TO whose;")
        connection.exec_driver_sql(ours.format(""))
    with store.engine.connect() as connection, pytest.raises(NotTrusted) as refused:  # no hub starts beside it
        walls.stand(connection)
    assert refused.value.code == "WALLS_DOWN"
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP VIEW seen")
        connection.exec_driver_sql(ours.format("WITH (security_invoker = true)"))
    with store.engine.connect() as connection:
        walls.stand(connection)
    assert raw(store, LMH, "SELECT landlord, count(*) FROM seen GROUP BY 1") == {"LMH": 2}
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP VIEW seen")


@pytest.mark.usefixtures("naive")
def test_hole_3_a_setting_of_the_session_outlives_the_transaction(url: str, store: Store) -> None:
    with querying(url) as connection:
        connection.execute("SELECT set_config('app.landlord', 'OHG', false)")
        connection.commit()
        assert counted(connection, NAIVE) == {"OHG": 1}
    with store.read(OHG) as tx:  # the pool has one connection, which the next transaction gets
        keep = "SELECT set_config('concordat.scope', current_setting('concordat.scope'), false)"
        tx.connection._connection.exec_driver_sql(keep)
    assert (raw(store, NOBODY), raw(store, LMH), raw(store, OHG)) == ({}, {"LMH": 2}, {"OHG": 3})
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT current_setting('concordat.scope')").scalar_one() != ""
        assert counted(connection) == {}


@pytest.mark.usefixtures("naive")
def test_hole_4_after_a_commit_the_setting_is_empty_and_not_null(url: str, store: Store, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(insert(case_file).values(id="cas_x", landlord="", reference_index="x", opened_at=NOW))
    with querying(url) as connection:
        connection.execute("SELECT set_config('app.landlord', 'OHG', true), set_config('concordat.scope', 'x', true)")
        connection.commit()
        assert counted(connection, NAIVE) == {"": 1}
        assert connection.execute("SELECT current_setting('concordat.scope'), concordat.scope()").fetchone() == (
            "",
            None,
        )
        assert counted(connection) == {}
    assert raw(store, LMH) == {"LMH": 2}
    with owner.begin() as connection:
        connection.exec_driver_sql("DELETE FROM case_file WHERE landlord = ''")


def _token(store: Store, scope: Scope) -> str:
    with store.read(scope) as tx:
        found = tx.connection._connection.exec_driver_sql("SELECT current_setting('concordat.scope')").scalar_one()
        return str(found)


FORGED: dict[str, Callable[[Store], str]] = {
    "the word": lambda _: "every",
    "a landlord": lambda _: "landlord:OHG",
    "no digest": lambda _: "landlord:OHG|",
    "nothing signed": lambda _: "every|" + "0" * 64,
    "a key of one's own": lambda _: "every|" + hmac.new(b"mine", b"every", "sha256").hexdigest(),
    "only a digest": lambda _: "0" * 64,
    "from an earlier transaction, of another connection": lambda store: _token(store, OHG),
    "everybody's, from an earlier transaction": lambda store: _token(store, EVERY),
    "the digest of another scope": lambda store: "every|" + _token(store, LMH)[-64:],
    "a byte too many": lambda store: _token(store, OHG) + " ",
    "not even text of ours": lambda _: "\N{SNOWMAN}" * 70 + "|;DROP TABLE case_file",
}


@pytest.mark.usefixtures("naive")
@pytest.mark.parametrize("way", FORGED)
def test_hole_5_whoever_queries_may_call_set_config(url: str, store: Store, way: str) -> None:
    with querying(url) as connection:
        connection.execute("SELECT set_config('app.landlord', 'OHG', true)")
        assert counted(connection, NAIVE) == {"OHG": 1}
        connection.execute("SELECT set_config('concordat.scope', %s, true)", (FORGED[way](store),))
        assert counted(connection) == {}


def test_a_token_is_good_in_its_own_transaction_alone(store: Store) -> None:
    """Also on the same connection: what was overheard is worth nothing a moment later, nor beside."""
    old = _token(store, OHG)
    with store.read(LMH) as tx:
        connection = tx.connection._connection
        own = connection.exec_driver_sql("SELECT current_setting('concordat.scope')").scalar_one()
        for token, seen in ((old, {}), (own.replace("LMH", "OHG"), {}), (own, {"LMH": 2})):
            connection.exec_driver_sql("SELECT set_config('concordat.scope', %s, true)", (token,))
            assert counted(connection) == seen


@pytest.mark.parametrize("attempt", [
    "SELECT * FROM concordat.scope_key", "UPDATE concordat.scope_key SET inside = outside",
    "CREATE OR REPLACE FUNCTION concordat.scope() RETURNS text LANGUAGE sql AS $$ SELECT 'every' $$",
    "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea $$",
    "CREATE TEMPORARY TABLE case_file (landlord text)", "CREATE TABLE public.shadow (landlord text)",
    "CREATE SCHEMA mine", "ALTER TABLE case_file DISABLE ROW LEVEL SECURITY", "DROP POLICY within_scope ON case_file",
    "ALTER FUNCTION concordat.scope() SECURITY INVOKER", "TRUNCATE case_file", "SET ROLE postgres",
    "ALTER ROLE CURRENT_USER BYPASSRLS", "COPY case_file TO PROGRAM 'cat'",
    "CREATE TRIGGER leak AFTER INSERT ON case_file EXECUTE FUNCTION tsvector_update_trigger()",
])  # fmt: skip
@pytest.mark.usefixtures("store")
def test_whoever_queries_cannot_take_the_wall_down_or_look_behind_it(url: str, attempt: str) -> None:
    with querying(url) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(attempt)  # type: ignore[arg-type]
    assert isinstance(refused.value, InsufficientPrivilege | psycopg.errors.UndefinedObject)


@pytest.mark.usefixtures("store")
def test_a_hub_with_other_keys_is_let_in_nowhere(url: str) -> None:
    stranger = Store(url, keyring())
    with pytest.raises(NotTrusted) as refused, stranger.read(NOBODY):
        raise AssertionError("must not be let in")
    assert refused.value.code == "SCOPE_NOT_TAKEN"
    stranger.close()


# ---- who may run a hub


def _code(act: Callable[[], object]) -> str:
    with pytest.raises(ConcordatError) as refused:
        act()
    return refused.value.code


def test_no_part_of_a_hub_runs_as_a_role_that_no_wall_holds(tmp_path: Path) -> None:
    with fresh_database() as url, owning(url) as owner:
        own = Settings(data_dir=tmp_path, database_url=as_owner(url), query_role=query_role(url))
        asks = Settings(data_dir=tmp_path, database_url=url)
        for settings in (own.model_copy(update={"query_role": None}), own.model_copy(update={"query_role": "nobody_"})):
            assert _code(lambda settings=settings: open_hub(settings, create=True)) == "QUERY_ROLE_UNKNOWN"
        open_hub(own, create=True).house.store.close()
        open_scaled_out(asks).house.store.close()

        assert _code(lambda: open_scaled_out(own)) == "DATABASE_ROLE_TOO_STRONG"
        role, server = query_role(url), owner.url.username
        other = f"{role}_other"
        _run(
            owner,
            f"CREATE ROLE {other}; GRANT {other} TO CURRENT_USER; GRANT CREATE, USAGE ON SCHEMA public TO {other}",
        )
        for given, taken in (
            (f"GRANT {other} TO {role}; ALTER TABLE case_file OWNER TO {other}",
             f"ALTER TABLE case_file OWNER TO {server}; DROP OWNED BY {other}; DROP ROLE {other}"),
            ("GRANT TEMPORARY ON DATABASE {0} TO PUBLIC", "REVOKE TEMPORARY ON DATABASE {0} FROM PUBLIC"),
            ("GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        ):  # fmt: skip
            _run(owner, given.format(owner.url.database))
            assert _code(lambda: open_scaled_out(asks)) == "DATABASE_ROLE_TOO_STRONG", given
            _run(owner, taken.format(owner.url.database))
        for down in ("ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY", "DROP POLICY within_scope ON sealed",
                     "ALTER TABLE consent DISABLE ROW LEVEL SECURITY"):  # fmt: skip
            _run(owner, down)
            assert _code(lambda: open_scaled_out(asks)) == "WALLS_DOWN", down
            open_hub(own, create=True).house.store.close()
            open_scaled_out(asks).house.store.close()


def test_nobody_is_let_in_whom_no_wall_holds(url: str, store: Store) -> None:
    with owning(url) as owner, owner.begin() as connection, pytest.raises(NotTrusted) as refused:
        walls.admit(connection, owner.url.username, store.keys)
    assert refused.value.code == "DATABASE_ROLE_TOO_STRONG"


def test_before_the_first_migration_the_walls_are_down() -> None:
    with fresh_database() as url, owning(url) as owner:
        _run(owner, f"REVOKE TEMPORARY ON DATABASE {owner.url.database} FROM PUBLIC")
        empty = create_engine(url)
        with empty.connect() as connection, pytest.raises(NotTrusted) as refused:
            walls.stand(connection)
        assert refused.value.code == "WALLS_DOWN"
        empty.dispose()


def _run(owner: Engine, statement: str) -> None:
    with owner.begin() as connection:
        connection.exec_driver_sql(statement)
