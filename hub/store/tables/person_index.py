"""By which digests a person's cases are found again, and the cases of before that are still to be entered."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from hub.store.tables.metadata import CODE, ID, metadata

person_index = Table(
    "person_index", metadata,
    Column("digest", String(64), primary_key=True, comment="keyed digest of a name, name and birth date, or contact"),
    Column("case_id", ID, primary_key=True),
    Column("subject", String(8), primary_key=True, comment="the person's number in that case"),
    Column("owner", ID, primary_key=True, comment="the referral or correction that says so"),
    Column("landlord", CODE, nullable=False),
    Column("kind", CODE, nullable=False, comment="name, born or contact"),
    Column("data_class", String(8), nullable=False, comment="goes with what of that person is kept in this class"),
    Index(None, "case_id", "subject"),
)  # fmt: skip

person_index_due = Table(
    "person_index_due", metadata,
    Column("case_id", ID, ForeignKey("case_file.id"), primary_key=True),
    Column("landlord", CODE, nullable=False, index=True),
)  # fmt: skip
