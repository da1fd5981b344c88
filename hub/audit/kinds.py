"""The kinds of audit entries and what each may say. How an entry becomes bytes: `hub.audit.entry`.

To add a kind: one member of `hub.audit.acts.EntryKind`, one row of `KINDS`. To change a kind that is in use: a new row
with the next version, leaving the old one so that old logs still read.
"""

from collections.abc import Mapping

from hub.audit.acts import EntryKind
from hub.audit.shape import (
    CODE,
    CONSENT,
    COUNT,
    CREDENTIAL,
    DECISION,
    DIGEST,
    DISCLOSURE,
    FLAG,
    ID,
    NAME,
    NAMES,
    OVERRIDE,
    POSITION,
    RECEIPT,
    REFERRAL,
    REVIEW,
    Shape,
    an_id,
    one_of,
    optional,
)  # fmt: skip

__all__ = ["KINDS", "MACHINE", "MACHINE_KEY", "EntryKind"]

MACHINE, MACHINE_KEY = an_id("mch"), an_id("mky")
_TREE = one_of("root", "landlord")
_OUTCOME = one_of("permit", "permit_redacted", "needs_authoriser", "deny")
_REVIEW = {"disclosure": DISCLOSURE, "decision": DECISION, "review": optional(REVIEW), "reason": optional(CODE),
           "reason_commitment": optional(DIGEST)}  # fmt: skip
_AGREEMENT_STEP = {"agreement": NAME, "landlord": NAME, "digest": DIGEST, "people": COUNT, "person": optional(ID),
                   "evidence": optional(DIGEST)}  # fmt: skip

_PERSON = {"person": an_id("usr"), "landlord": optional(NAME)}
_READING = {"reading": an_id("ent"), "part": COUNT, "view": CODE, "purpose": CODE, "strength": CODE,
            "disclosures": COUNT, "referrals": NAMES}  # fmt: skip

KINDS: Mapping[tuple[EntryKind, int], Mapping[str, Shape]] = {
    (EntryKind.REFERRAL_ACCEPTED, 1): {
        "referral": REFERRAL, "case": optional(an_id("cas")), "landlord": optional(NAME), "channel": optional(CODE),
        "record_commitment": DIGEST, "subjects": optional(COUNT), "machine": optional(MACHINE),
    },
    # That it was corrected is told; what about it, in counts. Which of several reasons is a code of the officer's.
    (EntryKind.REFERRAL_CORRECTED, 1): {
        "referral": REFERRAL, "correction": an_id("cor"), "number": COUNT, "reason": CODE, "record_commitment": DIGEST,
        "decided_again": COUNT, "replaced": COUNT, "notices": COUNT,
    },
    # Counts of items, not their categories: "health" in a leaf would itself be a special category of data.
    (EntryKind.DECISION_MADE, 1): {
        "decision": DECISION, "referral": REFERRAL, "agency": NAME, "purpose": CODE, "outcome": _OUTCOME,
        "rules": DIGEST, "facts_commitment": DIGEST, "items_kept": COUNT, "items_removed": COUNT, "at_the_door": FLAG,
        "agreement": optional(NAME), "override": optional(ID), "gaps": optional(COUNT),
    },
    (EntryKind.DISCLOSURE_QUEUED, 1): {
        "disclosure": DISCLOSURE, "decision": DECISION, "agency": NAME, "content_commitment": DIGEST,
    },
    (EntryKind.DISCLOSURE_HELD, 1): {
        "disclosure": DISCLOSURE, "decision": DECISION, "agency": NAME, "gaps": COUNT,
        "content_commitment": optional(DIGEST),
    },
    (EntryKind.DISCLOSURE_CANCELLED, 1): {
        "disclosure": DISCLOSURE, "reason": CODE, "decision": optional(DECISION), "consent": optional(CONSENT),
    },
    (EntryKind.DISCLOSURE_FOLLOWED_UP, 1): {
        "disclosure": DISCLOSURE, "earlier": DISCLOSURE, "notice": CODE, "bare": FLAG,
    },
    (EntryKind.RELEASE_INTENDED, 1): {
        "disclosure": DISCLOSURE, "decision": DECISION, "agency": NAME, "attempt": COUNT, "message_commitment": DIGEST,
        "transport": CODE,
    },
    (EntryKind.RELEASE_SETTLED, 1): {
        "disclosure": DISCLOSURE, "attempt": COUNT, "rung": CODE, "outcome": CODE, "receipt": optional(RECEIPT),
        "evidence_commitment": optional(DIGEST),
    },
    (EntryKind.RELEASE_PARKED, 1): {"disclosure": DISCLOSURE, "attempt": COUNT, "reason": CODE},
    (EntryKind.CONSENT_RECORDED, 1): {
        "consent": CONSENT, "subject": optional(ID), "referral": optional(REFERRAL), "agencies": optional(NAMES),
        "evidence_commitment": optional(DIGEST),
    },
    (EntryKind.CONSENT_WITHDRAWN, 1): {
        "consent": CONSENT, "subject": optional(ID), "referral": optional(REFERRAL), "disclosures_cancelled": COUNT,
        "notices_sent": optional(COUNT),
    },
    (EntryKind.REVIEW_AUTHORISED, 1): _REVIEW,
    (EntryKind.REVIEW_REFUSED, 1): _REVIEW,
    (EntryKind.REVIEW_OVERDUE, 1): {"disclosure": DISCLOSURE, "decision": DECISION},
    (EntryKind.OVERRIDE_DECLARED, 1): {
        "override": OVERRIDE, "referral": REFERRAL, "category": CODE, "released": COUNT, "over_quota": FLAG,
    },
    (EntryKind.OVERRIDE_REVIEWED, 1): {"override": OVERRIDE, "referral": REFERRAL, "justified": FLAG},
    (EntryKind.OVERRIDE_OVERDUE, 1): {"override": OVERRIDE, "referral": REFERRAL},
    (EntryKind.OVERRIDE_RIGHT_RESTORED, 1): {"override": OVERRIDE, "referral": REFERRAL},
    (EntryKind.PARTNER_ACKNOWLEDGED, 1): {
        "disclosure": DISCLOSURE, "agency": NAME, "receipt": optional(RECEIPT), "evidence_commitment": optional(DIGEST),
        "checkpoint_size": optional(POSITION), "checkpoint_root": optional(DIGEST),
    },
    (EntryKind.PARTNER_SILENT, 1): {"agency": NAME, "failures": COUNT},
    (EntryKind.PARTNER_ANSWERS, 1): {"agency": NAME, "failures": COUNT},
    (EntryKind.ANSWER_OVERDUE, 1): {"disclosure": DISCLOSURE, "agency": NAME, "rung": CODE},
    # New: it went in danger before a second person had confirmed whom it goes to, and one still must.
    (EntryKind.RECIPIENT_NEW, 1): {"disclosure": DISCLOSURE, "landlord": NAME, "agency": NAME},
    (EntryKind.RECIPIENT_INTRODUCED, 1): {"disclosure": DISCLOSURE, "landlord": NAME, "agency": NAME},
    (EntryKind.FEED_READ, 1): {"agency": NAME, "items": COUNT, "after": optional(POSITION)},
    (EntryKind.CREDENTIAL_ISSUED, 1): {
        "credential": CREDENTIAL, "holder": NAME, "role": CODE, "agency": optional(NAME),
    },
    (EntryKind.CREDENTIAL_CONFIRMED, 1): {"credential": CREDENTIAL},
    (EntryKind.CREDENTIAL_REVOKED, 1): {"credential": CREDENTIAL, "reason": optional(CODE)},
    (EntryKind.CASE_READ, 1): {"referral": REFERRAL, "role": CODE, "view": CODE},
    (EntryKind.CASE_READ, 2): {
        "referral": REFERRAL, "role": CODE, "view": CODE, "purpose": CODE, "strength": CODE,
    },
    (EntryKind.CASE_MOVED, 1): {"referral": REFERRAL, "case": an_id("cas")},
    # To which landlord somebody belongs, so that no other one is told of them.
    (EntryKind.PERSON_INVITED, 1): {**_PERSON, "role": CODE, "again": FLAG},
    (EntryKind.PERSON_ENROLLED, 1): {**_PERSON, "role": CODE, "ways": NAMES},
    (EntryKind.PERSON_CONFIRMED, 1): {**_PERSON, "role": CODE},
    (EntryKind.PERSON_CHANGED, 1): {**_PERSON, "role": CODE},
    (EntryKind.PERSON_DISABLED, 1): {**_PERSON, "sessions": COUNT},
    (EntryKind.SESSION_STARTED, 1): {"session": an_id("ses"), "landlord": optional(NAME), "strength": CODE},
    (EntryKind.SESSION_PROVED, 1): {"session": an_id("ses"), "landlord": optional(NAME), "strength": CODE},
    (EntryKind.SESSION_ENDED, 1): {"session": an_id("ses"), "landlord": optional(NAME), "reason": CODE},
    # `subject` is the id of the erasure: no entry says whom it was, or of which case. What stands beside it may hint at
    # the case: what waited to go about them is cancelled shortly before, by the same person.
    (EntryKind.SUBJECT_ERASED, 1): {
        "subject": ID, "keys_destroyed": COUNT, "reason": CODE, "landlord": optional(NAME),
    },
    (EntryKind.RETENTION_SET, 1): {"landlord": NAME, "data_class": CODE, "days": COUNT},
    (EntryKind.LEGAL_HOLD_SET, 1): {"hold": an_id("hld"), "landlord": NAME, "ground": CODE},
    (EntryKind.LEGAL_HOLD_LIFTED, 1): {"hold": an_id("hld"), "landlord": NAME},
    (EntryKind.ATTACHMENT_STORED, 1): {
        "attachment": an_id("atc"), "referral": REFERRAL, "content_commitment": DIGEST,
    },
    (EntryKind.AGREEMENT_REGISTERED, 1): {"agreement": NAME, "digest": DIGEST, "parties": optional(NAMES)},
    (EntryKind.AGENCY_REGISTERED, 1): {
        "agency": NAME, "agency_kind": optional(CODE), "connector": optional(CODE), "digest": optional(DIGEST),
    },
    # One confirmation says that one person has, and another must; two, that it counts from now or its cooling-off on.
    (EntryKind.AGENCY_CHANGE_CONFIRMED, 1): {
        "agency": NAME, "pin": an_id("pin"), "digest": DIGEST, "confirmations": COUNT, "by_operator": FLAG,
    },
    (EntryKind.AGENCY_KEY_PROPOSED, 1): {"agency": NAME, "pin": an_id("pin"), "use": CODE, "fingerprint": DIGEST},
    (EntryKind.AGENCY_KEY_CONFIRMED, 1): {"agency": NAME, "pin": an_id("pin"), "use": CODE, "fingerprint": DIGEST},
    (EntryKind.AGENCY_PIN_RETIRED, 1): {"agency": NAME, "pin": an_id("pin"), "use": CODE},
    # `packs_recalled`: packs that lay ready, as far as the hub knew, and were asked back. Whether each was still there
    # its own `pack.recalled` says.
    (EntryKind.AGENCY_SUSPENDED, 1): {"agency": NAME, "reason": CODE, "packs_recalled": COUNT},
    (EntryKind.AGENCY_RESUMED, 1): {"agency": NAME, "confirmations": COUNT},
    (EntryKind.CONTACT_MARKED_UNSAFE, 1): {"mark": an_id("uns"), "case": an_id("cas"), "referral": optional(REFERRAL)},
    (EntryKind.CONTACT_LIFTED, 1): {"mark": an_id("uns"), "case": an_id("cas")},
    (EntryKind.RELEASE_RESUMED, 1): {"disclosure": DISCLOSURE, "cause": optional(CODE)},
    (EntryKind.PACK_RECALLED, 1): {"disclosure": DISCLOSURE, "found": FLAG},
    # `person` where the hub's own command line acts for somebody; `people` who stand behind the step so far.
    (EntryKind.AGREEMENT_APPROVED, 1): _AGREEMENT_STEP,
    (EntryKind.AGREEMENT_SUSPENDED, 1): _AGREEMENT_STEP,
    (EntryKind.AGREEMENT_RESUMED, 1): _AGREEMENT_STEP,
    (EntryKind.AGREEMENT_WITHDRAWN, 1): _AGREEMENT_STEP,
    (EntryKind.POLICY_DOCUMENT_RECORDED, 1): {"landlord": NAME},
    (EntryKind.DOCUMENT_RECORDED, 1): {
        "document": ID, "landlord": NAME, "document_kind": CODE, "version": COUNT, "about": optional(NAME),
        "digest": optional(DIGEST),
    },
    (EntryKind.DOCUMENT_WITHDRAWN, 1): {"document": ID, "landlord": NAME, "document_kind": CODE},
    # Which referrals were shown, in as many entries of one reading as it takes; of what was looked for, its kind alone.
    # No landlord: a list of the cases of all teams is for nobody but a DPO to see.
    (EntryKind.REGISTER_READ, 1): {**_READING, "filters": NAMES},
    (EntryKind.REGISTER_SEARCHED, 1): {**_READING, "by": NAMES, "cases": COUNT},
    (EntryKind.EXPORT_MADE, 1): {"export": ID, "scope": CODE, "size": POSITION, "digest": optional(DIGEST)},
    # `size`: how long the log was. Begun: the copy may have failed, and holds this very entry where it did not.
    # `known`: how long it was when the keys were copied that the old content was joined with; what is between is lost.
    (EntryKind.BACKUP_BEGUN, 1): {"size": POSITION},
    (EntryKind.BACKUP_RESTORED, 1): {"size": POSITION, "known": POSITION},
    # `party`: the SHA-256 of the name of the witness, or of the agency, that holds another history of this log.
    (EntryKind.LOG_DISPUTED, 1): {"party": DIGEST, "reason": CODE, "size": POSITION},
    (EntryKind.LOG_AGREED, 1): {"party": DIGEST, "size": POSITION},
    (EntryKind.HUB_STARTED, 1): {
        "release": CODE, "mode": CODE, "size": POSITION, "rules": optional(DIGEST),
    },
    (EntryKind.KEY_ROTATED, 1): {
        "of": _TREE, "key": optional(CODE), "keys": optional(POSITION), "landlord": optional(NAME),
        "version": optional(COUNT),
    },
    (EntryKind.KEY_RESEALED, 1): {"landlord": NAME, "cases": COUNT, "values": COUNT},
    (EntryKind.KEY_DESTROYED, 1): {
        "of": _TREE, "key": optional(CODE), "landlord": optional(NAME), "version": optional(COUNT),
    },
    (EntryKind.MACHINE_REGISTERED, 1): {
        "machine": MACHINE, "scope": CODE, "holder": NAME, "landlord": optional(NAME), "agency": optional(NAME),
    },
    (EntryKind.MACHINE_CONFIRMED, 1): {"machine": MACHINE, "keys": COUNT},
    (EntryKind.MACHINE_KEY_ADDED, 1): {
        "machine": MACHINE, "key": MACHINE_KEY, "key_kind": CODE, "digest": optional(DIGEST),
    },
    (EntryKind.MACHINE_KEY_RETIRED, 1): {"machine": MACHINE, "key": MACHINE_KEY, "at_once": FLAG},
    (EntryKind.MACHINE_TOKEN_ISSUED, 1): {"machine": MACHINE, "key": MACHINE_KEY, "got_with": MACHINE_KEY},
    (EntryKind.MACHINE_REVOKED, 1): {"machine": MACHINE},
}  # fmt: skip
