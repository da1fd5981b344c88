"""Seen: which cases an officer may know of, as a criterion of a query, for lists that are cut at a page.

The rule itself is `hub.access.cases.sees_case`; a test holds the two together.
"""

from sqlalchemy import ColumnElement, exists, or_

from hub.store.tables import case_file, referral


def is_seen(case_id: ColumnElement[str], *, team: str | None, person: str) -> ColumnElement[bool]:
    """Cases of the officer's own team, of no team, or for which the officer wrote a referral."""
    its = case_file.alias("its_case")  # whatever else is asked of in the query
    of_theirs = or_(its.c.team.is_(None), *([its.c.team == team] if team is not None else []))
    wrote = exists().where(referral.c.case_id == its.c.id, referral.c.author == person)
    return exists().where(its.c.id == case_id, or_(of_theirs, wrote))
