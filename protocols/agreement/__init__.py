"""One information-sharing agreement: who may tell whom what, why, under which clause, from when until when."""

from protocols.agreement.agreement import Agreement, AgreementState, ProtocolFact
from protocols.agreement.terms import Clause, Mailbox, OnwardRule, OnwardSharing, Retention, Security, Signatory

__all__ = [
    "Agreement", "AgreementState", "Clause", "Mailbox", "OnwardRule", "OnwardSharing", "ProtocolFact", "Retention",
    "Security", "Signatory",
]  # fmt: skip
