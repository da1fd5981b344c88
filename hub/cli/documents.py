"""`concordat documents`: what a landlord must have written down, on the hub's own machine."""

from datetime import UTC, datetime

import click

from hub.cli.failing import plainly
from hub.cli.opening import the_hub
from hub.flow import document
from hub.register.documents import Kind
from hub.register.landlords import NAMES

_LANDLORD = click.Choice(sorted(NAMES))
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def documents() -> None:
    """Policy documents, confidentiality agreements, assessments: what is on record (docs/agreements.md)."""


@documents.command("list")
@click.argument("landlord", type=_LANDLORD)
def list_documents(landlord: str) -> None:
    """Every document of LANDLORD: id, kind, version, what it is about, in date from and until, withdrawn or not."""
    for found in document.list_documents(the_hub().house, None, landlord):
        ended = " withdrawn" if found.withdrawn_at else ""
        click.echo(f"{found.id} {found.kind} {found.version} {found.about or '-'} {found.in_force_from:%Y-%m-%d} "
                   f"{found.review_by:%Y-%m-%d}{ended}")  # fmt: skip


@documents.command("add")
@click.argument("landlord", type=_LANDLORD)
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("review_by", type=_DAY, metavar="REVIEW_BY")
@click.option("--about", help="A purpose for an assessment, an agency (agy_...) for confidentiality.")
@click.option("--from", "begins", type=_DAY, metavar="DATE", help="When it begins; now unless given.")
@click.option("--digest", metavar="SHA256", help="Of the document itself.")
def add_document(
    landlord: str, kind: str, review_by: datetime, about: str | None, begins: datetime | None, digest: str | None
) -> None:
    """Record the next version of a document of LANDLORD, in date until REVIEW_BY (YYYY-MM-DD)."""
    new = document.NewDocument(Kind(kind), about, digest, _start_of(review_by), _start_of(begins) if begins else None)
    with plainly():
        click.echo(document.record(the_hub().house, None, landlord, new).id)


@documents.command("withdraw")
@click.argument("landlord", type=_LANDLORD)
@click.argument("document_id", metavar="DOCUMENT")
def withdraw_document(landlord: str, document_id: str) -> None:
    """End a document of LANDLORD at once."""
    with plainly():
        document.withdraw(the_hub().house, None, landlord, document_id)
    click.echo("Withdrawn.")


def _start_of(day: datetime) -> datetime:
    return day.replace(tzinfo=UTC)


@click.command()
@click.argument("landlord", type=click.Choice(sorted(NAMES)))
@click.argument("review_by", type=click.DateTime(["%Y-%m-%d"]), metavar="REVIEW_BY")
def policy_document(landlord: str, review_by: datetime) -> None:
    """Record that LANDLORD's appropriate policy document is in date until REVIEW_BY (YYYY-MM-DD).

    From the first moment of that day it is out of date (DPA 2018 Sch 1 para 39).
    """
    with plainly():
        hub = the_hub()
        document.set_policy_document(hub.house, None, landlord, review_by.astimezone())
    click.echo(f"Recorded for {landlord}.")
