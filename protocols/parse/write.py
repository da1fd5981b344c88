"""Write an agreement as TOML, laid out for people, so that it reads back as the same agreement."""

import json
from datetime import date
from typing import TypeAlias

from pydantic import BaseModel

from protocols.agreement import Agreement

_LINE = 120
_Scalar: TypeAlias = str | int | date


def write_agreement(agreement: Agreement) -> str:
    """TOML text for which `parse_agreement(text, ...) == agreement`: plain fields first, then tables, then lists."""
    own: list[str] = []
    tables: list[str] = []
    for name, value in agreement:
        if isinstance(value, BaseModel):
            tables.append(f"\n[{name}]\n{_fields(value)}")
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            tables.extend(f"\n[[{name}]]\n{_fields(item)}" for item in value)
        elif not _is_left_out(agreement, name, value):
            own.append(_assignment(name, value))
    return "".join(own) + "".join(tables)


def _fields(model: BaseModel) -> str:
    return "".join(_assignment(name, value) for name, value in model if not _is_left_out(model, name, value))


def _is_left_out(model: BaseModel, name: str, value: object) -> bool:
    return value == () and not type(model).model_fields[name].is_required()


def _assignment(name: str, value: _Scalar | tuple[_Scalar, ...]) -> str:
    if not isinstance(value, tuple):
        return f"{name} = {_scalar(value)}\n"
    items = [_scalar(item) for item in value]
    in_one_line = f"{name} = [{', '.join(items)}]\n"
    if len(in_one_line) <= _LINE:
        return in_one_line
    return f"{name} = [\n" + "".join(f"  {item},\n" for item in items) + "]\n"


def _scalar(value: _Scalar) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return _text(value)


def _text(value: str) -> str:
    lines = [_escaped(line) for line in value.split("\n")]
    return f'"{lines[0]}"' if len(lines) == 1 else '"""\n' + "\n".join(lines) + '"""'


def _escaped(line: str) -> str:
    # JSON escapes all that TOML forbids in a basic string, but for DEL.
    return json.dumps(line, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")
