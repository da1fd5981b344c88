"""The foundation: every table of the first version."""

import sqlalchemy as sa
from alembic import op

import hub.store.columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up."""
    op.create_table(
        "agency",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("door", sa.String(length=60), nullable=False, comment="connector that serves it"),
        sa.Column(
            "door_digest",
            sa.String(length=64),
            nullable=False,
            comment="of the door's settings, so that a change is logged",
        ),
        sa.Column("suspended_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
    )
    op.create_table(
        "agreement",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "document", sa.Text(), nullable=False, comment="the agreement as recorded, TOML; holds no personal data"
        ),
        sa.Column("registered_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_agreement")),
        sa.UniqueConstraint("id", "version", name=op.f("uq_agreement_id_version")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("signed_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column(
            "about",
            sa.String(length=30),
            nullable=True,
            comment="the referral, disclosure, consent, ... the entry is about",
        ),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_about"), ["about"], unique=False)

    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("frontier", hub.store.columns.CanonicalJson(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_node",
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_audit_node")),
    )
    op.create_table(
        "credential",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column(
            "person", sa.String(length=30), nullable=False, comment="who uses it; two credentials may be one person"
        ),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=True),
        sa.Column("agency", sa.String(length=64), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("single_use", sa.Boolean(), nullable=False),
        sa.Column("issued_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("expires_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credential")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_credential_token_hash")),
    )
    op.create_table(
        "decision",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("referral_id", sa.String(length=30), nullable=False),
        sa.Column("disclosure_id", sa.String(length=30), nullable=False),
        sa.Column("at_the_door", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=60), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("decided_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_decision")),
        sa.UniqueConstraint("id", name=op.f("uq_decision_id")),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_disclosure_id"), ["disclosure_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_referral_id"), ["referral_id"], unique=False)

    op.create_table(
        "idempotency",
        sa.Column("person", sa.String(length=30), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("referral_id", sa.String(length=30), nullable=False),
        sa.Column("recorded_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person", "key_hash", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "landlord",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.String(length=60), nullable=False),
        sa.Column("public_authority", sa.Boolean(), nullable=False),
        sa.Column(
            "apd_review_by",
            hub.store.columns.UtcDateTime(),
            nullable=True,
            comment="appropriate policy document in date until (DPA 2018 Sch 1 para 39)",
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_landlord")),
    )
    op.create_table(
        "sealed",
        sa.Column(
            "owner",
            sa.String(length=30),
            nullable=False,
            comment="the referral, decision, attempt, ... whose content this is",
        ),
        sa.Column("part", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=8), nullable=False),
        sa.Column("case_id", sa.String(length=30), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "part", "subject", name=op.f("pk_sealed")),
    )
    with op.batch_alter_table("sealed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sealed_case_id"), ["case_id"], unique=False)

    op.create_table(
        "case_file",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column(
            "reference_index",
            sa.String(length=64),
            nullable=False,
            comment="keyed digest of the landlord's own case number",
        ),
        sa.Column("opened_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["landlord"], ["landlord.code"], name=op.f("fk_case_file_landlord")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("landlord", "reference_index", name=op.f("uq_case_file_landlord_reference_index")),
    )
    op.create_table(
        "consent",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("case_id", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=8), nullable=False),
        sa.Column("withdraws", sa.String(length=30), nullable=True, comment="the consent that this fact withdraws"),
        sa.Column("recorded_by", sa.String(length=30), nullable=False),
        sa.Column("recorded_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_consent_case_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_consent")),
        sa.UniqueConstraint("id", name=op.f("uq_consent_id")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_case_id"), ["case_id"], unique=False)

    op.create_table(
        "data_key",
        sa.Column("case_id", sa.String(length=30), nullable=False),
        sa.Column(
            "subject",
            sa.String(length=8),
            nullable=False,
            comment="a person of the case, or 'case' for what is about several",
        ),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_data_key_case_id")),
        sa.PrimaryKeyConstraint("case_id", "subject", name=op.f("pk_data_key")),
    )
    op.create_table(
        "referral",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("case_id", sa.String(length=30), nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column("reference", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=8), nullable=False),
        sa.Column("author", sa.String(length=30), nullable=False, comment="person, not account"),
        sa.Column("accepted_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_referral_case_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_referral")),
        sa.UniqueConstraint("id", name=op.f("uq_referral_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_referral_reference")),
    )
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_referral_landlord"), ["landlord"], unique=False)

    op.create_table(
        "disclosure",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("referral_id", sa.String(length=30), nullable=False),
        sa.Column("case_id", sa.String(length=30), nullable=False),
        sa.Column("landlord", sa.String(length=60), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=60), nullable=False),
        sa.Column("routine", sa.Boolean(), nullable=False),
        sa.Column("reference", sa.String(length=16), nullable=False, comment="this recipient's own name for the case"),
        sa.Column("state", sa.String(length=60), nullable=False),
        sa.Column(
            "cause",
            sa.String(length=60),
            nullable=True,
            comment="stable code of why it is held, parked, cancelled or denied",
        ),
        sa.Column("authoriser", sa.String(length=60), nullable=True, comment="kind of authoriser a held one waits for"),
        sa.Column("decision_id", sa.String(length=30), nullable=False, comment="the latest decision"),
        sa.Column(
            "consent_id", sa.String(length=30), nullable=True, comment="the consent fact the latest decision relied on"
        ),
        sa.Column(
            "rung", sa.Integer(), nullable=False, comment="how far it has provably come (connectors.contract.Rung)"
        ),
        sa.Column("released_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.Column("created_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('denied', 'held', 'queued', 'leaving', 'prepared', 'sent', 'receipted', 'parked', 'cancelled', 'refused')",
            name=op.f("ck_disclosure_state"),
        ),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_disclosure_agency")),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_disclosure_referral_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_disclosure")),
        sa.UniqueConstraint("id", name=op.f("uq_disclosure_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_disclosure_reference")),
    )
    with op.batch_alter_table("disclosure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_disclosure_agency"), ["agency"], unique=False)
        batch_op.create_index(batch_op.f("ix_disclosure_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_disclosure_referral_id"), ["referral_id"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("disclosure_id", sa.String(length=30), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.String(length=30), nullable=False),
        sa.Column(
            "commitment", sa.String(length=64), nullable=False, comment="of the exact bytes, logged before they left"
        ),
        sa.Column("started_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("ended_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.Column(
            "outcome", sa.String(length=60), nullable=True, comment="none while under way, or when the worker died"
        ),
        sa.ForeignKeyConstraint(["disclosure_id"], ["disclosure.id"], name=op.f("fk_attempt_disclosure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("disclosure_id", "number", name=op.f("uq_attempt_disclosure_id_number")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_disclosure_id"), ["disclosure_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("disclosure_id", sa.String(length=30), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False, comment="0 danger, 1 priority, 2 routine"),
        sa.Column(
            "ready", sa.Boolean(), nullable=False, comment="false: held, parked, settled, or waiting to be collected"
        ),
        sa.Column("due_at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_tried_at", hub.store.columns.UtcDateTime(), nullable=True),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until", hub.store.columns.UtcDateTime(), nullable=True),
        sa.Column(
            "recall",
            sa.String(length=8),
            nullable=True,
            comment="due, taken or missing: a pack to be taken out of its folder",
        ),
        sa.Column(
            "fence", sa.Integer(), nullable=False, comment="grows with every claim; an older one settles nothing"
        ),
        sa.ForeignKeyConstraint(["disclosure_id"], ["disclosure.id"], name=op.f("fk_outbox_disclosure_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox")),
        sa.UniqueConstraint("disclosure_id", name=op.f("uq_outbox_disclosure_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_ready_lane_due_at_seq", ["ready", "lane", "due_at", "seq"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_recall"), ["recall"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("disclosure_id", sa.String(length=30), nullable=False),
        sa.Column("agency", sa.String(length=64), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["disclosure_id"], ["disclosure.id"], name=op.f("fk_receipt_disclosure_id")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_receipt")),
        sa.UniqueConstraint("id", name=op.f("uq_receipt_id")),
    )
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receipt_disclosure_id"), ["disclosure_id"], unique=False)

    op.create_table(
        "review",
        sa.Column("id", sa.String(length=30), nullable=False),
        sa.Column("disclosure_id", sa.String(length=30), nullable=False),
        sa.Column(
            "decision_id",
            sa.String(length=30),
            nullable=False,
            comment="what the authoriser saw; holds only for these findings",
        ),
        sa.Column("authoriser", sa.String(length=30), nullable=False),
        sa.Column("authorised", sa.Boolean(), nullable=False),
        sa.Column(
            "findings",
            hub.store.columns.CanonicalJson(),
            nullable=False,
            comment="codes of the findings that were authorised",
        ),
        sa.Column("at", hub.store.columns.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["disclosure_id"], ["disclosure.id"], name=op.f("fk_review_disclosure_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_disclosure_id"), ["disclosure_id"], unique=False)


def downgrade() -> None:
    """Go down."""
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_disclosure_id"))

    op.drop_table("review")
    with op.batch_alter_table("receipt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_receipt_disclosure_id"))

    op.drop_table("receipt")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_recall"))
        batch_op.drop_index("ix_outbox_ready_lane_due_at_seq")

    op.drop_table("outbox")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_disclosure_id"))

    op.drop_table("attempt")
    with op.batch_alter_table("disclosure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_disclosure_referral_id"))
        batch_op.drop_index(batch_op.f("ix_disclosure_case_id"))
        batch_op.drop_index(batch_op.f("ix_disclosure_agency"))

    op.drop_table("disclosure")
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_landlord"))
        batch_op.drop_index(batch_op.f("ix_referral_case_id"))

    op.drop_table("referral")
    op.drop_table("data_key")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consent_case_id"))

    op.drop_table("consent")
    op.drop_table("case_file")
    with op.batch_alter_table("sealed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sealed_case_id"))

    op.drop_table("sealed")
    op.drop_table("landlord")
    op.drop_table("idempotency")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_referral_id"))
        batch_op.drop_index(batch_op.f("ix_decision_disclosure_id"))

    op.drop_table("decision")
    op.drop_table("credential")
    op.drop_table("audit_node")
    op.drop_table("audit_head")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_about"))

    op.drop_table("audit_entry")
    op.drop_table("audit_checkpoint")
    op.drop_table("agreement")
    op.drop_table("agency")
