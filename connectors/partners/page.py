"""A disclosure for a meeting: one self-contained HTML page, with no script and nothing fetched, made to be printed."""

from html import escape

from connectors.contract import Message
from connectors.partners.document import printable
from connectors.partners.header import filename, header, subject, title
from connectors.partners.sections import Line, Profile, ToldSection, arrange, told_paths
from protocols.disclosure import Disclosure

MEDIA_TYPE = "text/html; charset=utf-8"

_STYLE = (
    "body{font:12pt/1.4 sans-serif;max-width:48em;margin:2em auto;padding:0 1em;color:#111;background:#fff}"
    "h1{font-size:1.4em}h2{font-size:1.1em;border-bottom:1px solid #444;margin-top:1.6em;break-after:avoid}"
    "dt{font-weight:bold;margin-top:.5em}dd{margin:0 0 0 1em;white-space:pre-wrap}.of{color:#444;margin-top:1em}"
    ".note{border:2px solid #111;padding:.5em}.sign td{border:1px solid #444;height:2em;min-width:9em}"
    "@media print{h2{break-after:avoid}dd{break-inside:avoid}}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(profile: Profile, disclosure: Disclosure) -> Message:
    """The disclosure as a page: notices first, header, the agency's sections, and a sheet for who was handed it."""
    told = arrange(profile, disclosure)
    head = escape(f"{title(profile.title, disclosure)}: {printable(disclosure.reference)}")
    shown = () if disclosure.is_bare_notice else profile.notices
    notices = "".join(f'<p class="note">{escape(notice)}</p>' for notice in shown)
    heads = "".join(_entry(line.title, "\n".join(line.values) or "none") for line in header(disclosure))
    html = (
        f'<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8"><title>{head}</title>'
        f'<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{_STYLE}</style></head>\n'
        f"<body><h1>CONFIDENTIAL: {head}</h1>\n{notices}\n<dl>{heads}</dl>\n"
        + "\n".join(_section(section) for section in told)
        + f"\n{_handed_to()}</body></html>\n"
    )
    return Message(
        disclosure_id=disclosure.id,
        reference=disclosure.reference,
        media_type=MEDIA_TYPE,
        filename=filename(disclosure, "html"),
        subject=subject(disclosure),
        body=html.encode("utf-8"),
        paths=told_paths(told),
    )


def _section(section: ToldSection) -> str:
    parts = [f"<h2>{escape(section.heading)}</h2>"]
    groups: list[tuple[str, list[Line]]] = []
    for line in section.lines:
        if not groups or groups[-1][0] != line.of:
            groups.append((line.of, []))
        groups[-1][1].append(line)
    for of, lines in groups:
        parts += [f'<p class="of">{escape(of)}</p>'] if of else []
        parts += ["<dl>", *(_entry(line.title.capitalize(), line.value) for line in lines), "</dl>"]
    return "".join(parts)


def _entry(title: str, value: str) -> str:
    return f"<dt>{escape(title)}</dt><dd>{escape(printable(value))}</dd>"


def _handed_to() -> str:
    blank = "<tr><td></td><td></td><td></td><td></td></tr>"
    head = "<tr><th>Name</th><th>Agency</th><th>Signed</th><th>Date</th></tr>"
    return f'<h2>Handed to</h2><table class="sign">{head}{blank * 4}</table>'
