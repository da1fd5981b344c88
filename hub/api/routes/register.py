"""The register of disclosures, for a data protection officer. A person's name is in a body, never in an address."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum, unique
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from hub.access.cases import ReadFor
from hub.access.roles import Act, Actor
from hub.api.doorway import Door, May, RawJson, id_of, takes
from hub.api.shapes import processing, register
from hub.api.shapes.processing import ProcessingRecordOut, processing_out
from hub.api.shapes.register import DisclosureRegister, PersonSearchOut, register_out, search_out
from hub.api.shapes.sheets import write_sheet
from hub.delivery.disclosed import Place
from hub.errors import BadInput
from hub.flow.processing_record import read_processing_record
from hub.flow.register import MOST, Asked, read_register, take_register
from hub.flow.search_person import search_person, take_person
from hub.ids import Prefix
from hub.intake.strict_json import read_model
from hub.register.person_index import Sought
from protocols.record import Strict
from protocols.vocabulary import Basis

router = APIRouter(prefix="/v1/register", tags=["register of disclosures"])

_CURSOR = re.compile(r"([0-9]{1,17})\.([0-9]{1,18})")
_CASE = id_of(Prefix.CASE)
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY = timedelta(days=1)


@unique
class Form(StrEnum):
    """In which form something is taken away."""

    CSV = "csv"
    JSON = "json"


class PersonSought(Strict):
    """Whom to look for: a name, and with it a date of birth, a telephone number or an e-mail address, or both.

    All that is given must fit. `after` is `next` of the answer before.
    """

    name: Annotated[str, Field(min_length=1, max_length=300)]
    date_of_birth: date | None = None
    contact: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    after: Annotated[str, Field(pattern=_CASE)] | None = None

    @property
    def sought(self) -> Sought:
        """The same, as the index is asked."""
        born = self.date_of_birth.isoformat() if self.date_of_birth else None
        return Sought(self.name, born, (self.contact,) if self.contact else ())


async def _as_declared(request: Request) -> None:
    """Raise BadInput where the query holds a name that the route does not take, or one of its own twice.

    The framework passes over the first and takes the last of the second: both would be another answer than asked for.
    """
    taken = sorted(_names(request.scope["route"].dependant))
    given = [name for name, _ in request.query_params.multi_items()]
    if not set(given) <= set(taken):
        # A name that the sender made up is content too: it is not repeated, and so `extra="forbid"` will not do.
        raise BadInput("PARAMETER_UNKNOWN", "query", "holds a parameter that this address does not take",
                       f"send none but {', '.join(taken)}")  # fmt: skip
    for name in taken:
        if given.count(name) > 1:
            raise BadInput("PARAMETER_TWICE", name, "is given more than once", "give it once")


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for one in dependant.dependencies:
        yield from _names(one)


def _as_date(given: object) -> object:
    # pydantic alone would take seconds since 1970 too, and midnight in a zone, which may be another day in UTC.
    if isinstance(given, str) and _DATE.fullmatch(given):
        return given
    raise PydanticCustomError("not_yyyy_mm_dd", "is not written as YYYY-MM-DD")


_Date = Annotated[date, BeforeValidator(_as_date)]
_AsDeclared = Annotated[None, Depends(_as_declared)]


def _asked(
    *, agency: Annotated[str | None, Query(pattern=r"^agy_[a-z0-9_]{2,60}$")] = None,
    basis: Basis | None = None,
    agreement: Annotated[str | None, Query(pattern=r"^agr_[a-z0-9_]{3,60}(@[1-9][0-9]{0,3})?$")] = None,
    field: Annotated[str | None, Query(pattern=r"^[a-z_]{1,40}(\.[a-z_]{1,60})?$")] = None,
    officer: Annotated[str | None, Query(pattern=id_of(Prefix.PERSON))] = None,
    since: Annotated[_Date | None, Query(alias="from")] = None,
    until: Annotated[_Date | None, Query(alias="to")] = None,
    landlord: Annotated[str | None, Query(pattern="^[A-Z]{2,20}$")] = None,
) -> Asked:  # fmt: skip
    """What is filtered by. `from` and `to` are the first and the last day of the release, in UTC."""
    return Asked(agency, officer, _midnight(since), _midnight(until, _DAY), basis, agreement, field, landlord)


def _midnight(day: date | None, later: timedelta = timedelta()) -> datetime | None:
    if day is None:
        return None
    begins = datetime.combine(day, time.min, UTC)
    return begins + later if day < date.max else begins


def _place(cursor: Annotated[str | None, Query(pattern=f"^{_CURSOR.pattern}$")] = None) -> Place | None:
    """Where to go on: `next` of the answer before."""
    if cursor is None:
        return None
    microseconds, _, seq = cursor.partition(".")
    return Place(datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(microseconds)), int(seq))


_Which = Annotated[Asked, Depends(_asked)]
_Where = Annotated[Place | None, Depends(_place)]


def _either(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For `responses`: as that model in JSON, or as CSV."""
    csv = {"text/csv": {"schema": {"type": "string"}}}
    return {200: {"model": model, "content": csv, "description": "As JSON or as CSV"}}


@router.get("/disclosures", operation_id="list_disclosures")
def list_disclosures(
    actor: Annotated[Actor, Depends(May(Act.READ_REGISTER))], _: _AsDeclared, door: Door, asked: _Which, after: _Where,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50, purpose: ReadFor | None = None,
) -> DisclosureRegister:  # fmt: skip
    """What your landlord disclosed, the last released first. A page may be short; it goes on while `next` is there."""
    return register_out(read_register(door.house, actor, asked, after=after, at_most=limit, purpose=purpose))


@router.get("/disclosures/export", operation_id="export_disclosures", response_class=Response,
            responses=_either(DisclosureRegister))  # fmt: skip
def export_disclosures(
    *, actor: Annotated[Actor, Depends(May(Act.EXPORT_REGISTER))], _: _AsDeclared, door: Door, request: Request,
    asked: _Which, after: _Where, form: Annotated[Form, Query(alias="format")] = Form.CSV,
    purpose: ReadFor | None = None,
) -> Response:  # fmt: skip
    """The same, to take away, up to 200 at once. Where there are more, `Link: <...>; rel="next"` says where."""
    page = take_register(door.house, actor, asked, form.value, after=after, purpose=purpose)
    if form is Form.JSON:
        answer = _json(register_out(page))
    else:
        answer = _sheet(write_sheet(register.COLUMNS, register.rows_of(page)), "disclosures")
    following = register.written(page.following)
    if following is not None:
        onwards = request.url.include_query_params(cursor=following)
        answer.headers["Link"] = f'<{onwards.path}?{onwards.query}>; rel="next"'
    return answer


@router.post("/searches", operation_id="search_person", openapi_extra=takes(PersonSought))
def search(
    actor: Annotated[Actor, Depends(May(Act.SEARCH_PERSON))], _: _AsDeclared, door: Door, raw: RawJson,
    purpose: ReadFor | None = None,
) -> PersonSearchOut:  # fmt: skip
    """Everything ever disclosed about a person: to whom, when, which fields, on what ground. Case by case."""
    asked = read_model(raw, PersonSought)
    return search_out(search_person(door.house, actor, asked.sought, after=asked.after, purpose=purpose))


@router.post("/searches/export", operation_id="export_person", openapi_extra=takes(PersonSought),
             response_class=Response, responses=_either(PersonSearchOut))  # fmt: skip
def export_person(
    actor: Annotated[Actor, Depends(May(Act.EXPORT_REGISTER))], _: _AsDeclared, door: Door, raw: RawJson,
    form: Annotated[Form, Query(alias="format")] = Form.CSV, purpose: ReadFor | None = None,
) -> Response:  # fmt: skip
    """The same, to take away. Where there are more cases, `Concordat-After` holds the `after` to ask with."""
    asked = read_model(raw, PersonSought)
    found = take_person(door.house, actor, asked.sought, form.value, after=asked.after, purpose=purpose)
    if form is Form.JSON:
        answer = _json(search_out(found, leaves=True))
    else:
        answer = _sheet(write_sheet(register.PERSON_COLUMNS, register.person_rows_of(found)), "person")
    if found.following is not None:
        answer.headers["Concordat-After"] = found.following
    return answer


@router.get("/processing-record", operation_id="read_processing_record", response_class=Response,
            responses=_either(ProcessingRecordOut))  # fmt: skip
def processing_record(
    actor: Annotated[Actor, Depends(May(Act.EXPORT_REGISTER))], _: _AsDeclared, door: Door,
    form: Annotated[Form, Query(alias="format")] = Form.JSON,
) -> Response:  # fmt: skip
    """Your landlord's record of processing (UK GDPR Art 30(1)), as far as the hub knows it. Small counts are hidden."""
    record = read_processing_record(door.house, actor, form.value)
    if form is Form.JSON:
        return _json(processing_out(record))
    return _sheet(write_sheet(processing.COLUMNS, processing.processing_rows(record)), "processing-record")


def _json(told: BaseModel) -> Response:
    return Response(told.model_dump_json(), media_type="application/json")


def _sheet(text: str, name: str) -> Response:
    # Saved, and not shown: a browser that showed it might guess at what it is.
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.encode(), media_type="text/csv; charset=utf-8; header=present", headers=headers)
