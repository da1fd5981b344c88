"""Disclosures on their way: outbox, attempts, receipts, reviews."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from hub.store.columns import CanonicalJson, RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

disclosure = Table(
    "disclosure", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("referral_id", ID, ForeignKey("referral.id"), nullable=False, index=True),
    Column("case_id", ID, nullable=False, index=True),
    Column("landlord", CODE, nullable=False),
    Column("agency", String(64), ForeignKey("agency.id"), nullable=False),
    Column("purpose", CODE, nullable=False),
    Column("routine", Boolean, nullable=False),
    Column("reference", String(24), nullable=False, unique=True, comment="this recipient's own name for the case"),
    Column("state", CODE, nullable=False),
    Column("cause", CODE, comment="stable code of why it is held, parked, cancelled or denied"),
    Column("authoriser", String(200), comment="kinds of authorisers that a held one waits for, parted by semicolons"),
    Column("within", CODE, comment="the clock that a held one waits under"),
    Column("review_due_at", UtcDateTime, index=True, comment="when that clock runs out; none where no hour ends it"),
    Column("review_overdue_at", UtcDateTime, comment="when it was raised that nobody had answered"),
    Column("override_id", ID, index=True, comment="the override that the latest decision stands on"),
    Column("decision_id", ID, nullable=False, comment="the latest decision"),
    Column("consent_id", ID, comment="the consent fact the latest decision relied on"),
    Column("rung", Integer, nullable=False, comment="how far it has provably come (connectors.contract.Rung)"),
    Column("released_at", UtcDateTime),
    Column("disclosed_at", UtcDateTime, comment="when the first attempt began by which its recipient has it, or may"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("answer_due_at", UtcDateTime, comment="when the partner's next answer is late; none where none is awaited"),
    Column("answer_late_at", UtcDateTime, comment="when it was raised that no answer came"),
    Index("ix_disclosure_answer_due_at", "answer_due_at"),
    Index("ix_disclosure_state_agency", "state", "agency"),
    Index("ix_disclosure_disclosed_at", "disclosed_at", "seq"),
    Index("ix_disclosure_agency", "agency", "disclosed_at", "seq"),
    CheckConstraint(
        "state IN ('denied', 'held', 'queued', 'leaving', 'prepared', 'sent', 'receipted', 'parked', 'cancelled', "
        "'refused')",
        name="state",
    ),
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("landlord", CODE, nullable=False),
    Column("disclosure_id", ID, ForeignKey("disclosure.id"), nullable=False, unique=True),
    Column("case_id", ID, nullable=False),
    Column("agency", String(64), nullable=False),
    Column("lane", Integer, nullable=False, comment="0 danger, 1 priority, 2 routine"),
    Column("ready", Boolean, nullable=False, comment="false: held, parked, settled, or waiting to be collected"),
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_tried_at", UtcDateTime),
    Column("lease_owner", String(80)),
    Column("lease_until", UtcDateTime),
    Column("recall", String(8), index=True, comment="due, taken or missing: a pack to be taken out of its folder"),
    Column("fence", Integer, nullable=False, comment="grows with every claim; an older one settles nothing"),
    Index("ix_outbox_ready_agency_lane_due_at_seq", "ready", "agency", "lane", "due_at", "seq"),
    Index("ix_outbox_case_id_agency_seq", "case_id", "agency", "seq"),
    Index("ix_outbox_lease_until", "lease_until"),
)  # fmt: skip

door_state = Table(
    "door_state", metadata,
    Column("agency", String(64), ForeignKey("agency.id"), primary_key=True),
    Column("state", CODE, nullable=False, comment="closed: all may go; open: the partner does not answer; half_open"),
    Column("failures", Integer, nullable=False, comment="attempts in a row that the partner did not answer"),
    Column("opened_at", UtcDateTime, comment="when the partner was found not to answer; none while closed"),
    Column("probe_at", UtcDateTime, comment="when one attempt may find out whether it answers again"),
    Column("paced_until", UtcDateTime, comment="nothing but danger goes before, as the partner asked or its rate says"),
    CheckConstraint("state IN ('closed', 'open', 'half_open')", name="state"),
)  # fmt: skip

introduction = Table(
    "introduction", metadata,
    Column("landlord", CODE, primary_key=True),
    Column("agency", String(64), ForeignKey("agency.id"), primary_key=True),
    Column("by", ID, nullable=False, comment="the second person, or the hub for who was sent to before"),
    Column("at", UtcDateTime, nullable=False),
)  # fmt: skip

attempt = Table(
    "attempt", metadata,
    Column("id", ID, primary_key=True),
    Column("landlord", CODE, nullable=False),
    Column("disclosure_id", ID, ForeignKey("disclosure.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("decision_id", ID, nullable=False),
    Column("commitment", String(64), nullable=False, comment="of the exact bytes, logged before they left"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", CODE, comment="none while under way, or when the worker died"),
    Column("reached", Boolean, comment="true: the partner had the bytes and refused them"),
    UniqueConstraint("disclosure_id", "number"),
)  # fmt: skip

receipt = Table(
    "receipt", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("landlord", CODE, nullable=False),
    Column("disclosure_id", ID, ForeignKey("disclosure.id"), nullable=False, index=True),
    Column("agency", String(64), nullable=False),
    Column("rung", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)  # fmt: skip

review = Table(
    "review", metadata,
    Column("id", ID, primary_key=True),
    Column("landlord", CODE, nullable=False),
    Column("disclosure_id", ID, ForeignKey("disclosure.id"), nullable=False, index=True),
    Column("decision_id", ID, nullable=False, comment="what the authoriser saw; holds only for these findings"),
    Column("authoriser", ID, nullable=False),
    Column("kinds", CanonicalJson, nullable=False, comment="what kinds of authoriser this person was then"),
    Column("authorised", Boolean, nullable=False),
    Column("findings", CanonicalJson, nullable=False, comment="codes of the findings that were authorised"),
    Column("at", UtcDateTime, nullable=False),
    Column("lapsed_at", UtcDateTime, comment="when a later decision held it again, and this counted no more"),
)  # fmt: skip
