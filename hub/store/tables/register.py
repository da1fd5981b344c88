"""Standing lists: landlords, agencies, agreements, consents."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from hub.store.columns import CanonicalJson, RowNumber, UtcDateTime
from hub.store.tables.metadata import CODE, ID, metadata

landlord = Table(
    "landlord", metadata,
    Column("code", CODE, primary_key=True),
    Column("name", Text, nullable=False),
    Column("jurisdiction", CODE, nullable=False),
    Column("public_authority", Boolean, nullable=False),
)  # fmt: skip

agency = Table(
    "agency", metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", CODE, nullable=False),
    Column("name", Text, nullable=False),
    Column("door", CODE, nullable=False, comment="connector that serves it"),
    Column("door_digest", String(64), nullable=False, comment="of the door's settings, so that a change is logged"),
    Column("capacities", CanonicalJson, nullable=False, comment="statutory capacities: codes"),
    Column("suspended_at", UtcDateTime),
    Column("suspended_by", ID),
    Column("suspended_why", CODE, comment="code of the reason"),
    Column("resume_asked_by", ID, comment="the first of the two persons who end a suspension"),
)  # fmt: skip

agency_pin = Table(
    "agency_pin", metadata,
    Column("id", ID, primary_key=True),
    Column("agency", String(64), ForeignKey("agency.id"), nullable=False, index=True),
    Column("what", CODE, nullable=False, comment="door, sign, seal or acknowledge"),
    Column("value", Text, nullable=False, comment="digest of a door's settings, or a public key"),
    Column("fingerprint", String(64), nullable=False, comment="what two persons compare with the agency"),
    Column("proposed_by", ID, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("usable_from", UtcDateTime, nullable=False, comment="end of its cooling-off"),
    Column("first_by", ID, comment="the first person who compared the fingerprint"),
    Column("confirmed_by", ID, comment="the second one, or the operator at the first registration"),
    Column("confirmed_at", UtcDateTime),
    Column("retired_by", ID),
    Column("retired_at", UtcDateTime),
)  # fmt: skip

agreement = Table(
    "agreement", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Text, nullable=False, comment="the agreement as recorded, TOML; holds no personal data"),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("added_by", ID, nullable=False, comment="who drafted it and never approves it: a person, or the hub itself"),
    UniqueConstraint("id", "version"),
)  # fmt: skip

agreement_standing = Table(
    "agreement_standing", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("landlord", CODE, nullable=False),
    Column("agreement", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", CODE, nullable=False, comment="approved, suspended, resumed, withdrawn, carried_over"),
    Column("person", ID, nullable=False),
    Column("evidence", String(64), comment="digest of what shows it, such as a signed minute"),
    Column("recorded_at", UtcDateTime, nullable=False),
    Index(None, "landlord", "agreement", "version"),
)  # fmt: skip

governance_document = Table(
    "governance_document", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("landlord", CODE, nullable=False),
    Column("kind", CODE, nullable=False),
    Column("about", String(64), comment="purpose or agency; none where it is about everything"),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), comment="of the document itself, which is kept elsewhere"),
    Column("in_force_from", UtcDateTime, nullable=False),
    Column("review_by", UtcDateTime, nullable=False, comment="from this moment it is out of date"),
    Column("recorded_by", ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Index(None, "landlord", "kind"),
)  # fmt: skip

consent = Table(
    "consent", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("landlord", CODE, nullable=False),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("subject", String(8), nullable=False),
    Column("withdraws", ID, comment="the consent that this fact withdraws"),
    Column("recorded_by", ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)  # fmt: skip

override = Table(
    "override", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("landlord", CODE, nullable=False),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False, index=True),
    Column("referral_id", ID, ForeignKey("referral.id"), nullable=False),
    Column("category", CODE, nullable=False),
    Column("person", ID, nullable=False, index=True, comment="who declared it, and never reviews it"),
    Column("team", CODE, comment="the team that person was in"),
    Column("over_quota", Boolean, nullable=False, comment="declared with too many of the same person's unreviewed"),
    Column("at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime, index=True, comment="when what had not left under it was stopped"),
    Column("review_due", UtcDateTime, nullable=False),
    Column("overdue_at", UtcDateTime, comment="when it was raised that nobody had reviewed it"),
    Column("reviewed_by", ID),
    Column("reviewed_at", UtcDateTime),
    Column("justified", Boolean),
)  # fmt: skip

override_right = Table(
    "override_right", metadata,
    Column("seq", RowNumber, primary_key=True, autoincrement=True),
    Column("landlord", CODE, nullable=False),
    Column("person", ID, nullable=False, index=True, comment="who may not declare overrides until this is restored"),
    Column("override_id", ID, ForeignKey("override.id"), nullable=False, unique=True),
    Column("suspended_at", UtcDateTime, nullable=False),
    Column("restored_by", ID),
    Column("restored_at", UtcDateTime),
)  # fmt: skip

unsafe_contact = Table(
    "unsafe_contact", metadata,
    Column("id", ID, primary_key=True, comment="of one mark; a home has several spellings"),
    Column("kind", CODE, primary_key=True),
    Column("spelling", String(64), primary_key=True, comment="keyed digest of the contact in one spelling"),
    Column("landlord", CODE, nullable=False),
    Column("case_id", ID, ForeignKey("case_file.id"), nullable=False),
    Column("person", String(8), nullable=False, comment="the alleged perpetrator whom it is linked to"),
    Column("name_index", String(64), comment="keyed digest of that person's name: nobody is cut off from their own"),
    Column("birth_index", String(64), comment="keyed digest of name and date of birth"),
    Column("recorded_by", ID, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("lifted_by", ID),
    Column("lifted_at", UtcDateTime),
    Index(None, "landlord", "spelling"),
    Index(None, "case_id", "person"),
)  # fmt: skip
