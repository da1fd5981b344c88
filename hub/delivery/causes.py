"""Why something was parked, in plain words: what each stable code says to the person who looks.

Closed but for codes of third-party connectors and for codes with a number in them. A test holds it to what the code of
the hub and its transports can raise.
"""

import re
from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    # What bars a door.
    "agency_suspended": "the agency is suspended: nothing goes to it or is taken from it until two people end that",
    "door_unconfirmed": "the agency's door was changed, and two people have not confirmed the change",
    "door_cooling_off": "the agency's changed door was confirmed, and does not count before its cooling-off is over",
    "key_unconfirmed": "the agency's key has not been confirmed by two people",
    "key_cooling_off": "the agency's new key was confirmed, and does not count before its cooling-off is over",
    "unsafe_contact": "a way to the agency, or back to us, is linked to an alleged perpetrator: telephone instead",
    "no_door": "no connector is set up for this agency any more",
    # What the hub could not decide, render or know.
    "last_attempt_unknown": "an attempt was cut short, and whether the agency has it is not known: ask the agency",
    "workers_died": "each time it was sent the process died; whether the agency has it is not known: the administrator "
    "must look, and ask the agency",
    "undecidable": "it could not be decided: the rules or the record have a fault, and the administrator must look",
    "not_found": "something that it rests on is gone; a person of the case may have been erased",
    "not_settled": "it was tried, and what came of it could not be put on record: ask the agency; the log tells more",
    "lease_over": "the hub was too slow for as long as it was tried, and sent nothing: the administrator must look",
    "message_refused": "the connector does not make a message of this disclosure",
    "message_tells_more": "the connector's message would tell more than was decided, so nothing was sent",
    "message_too_large": "the message is larger than the agency takes: refer a summary instead",
    "connector_fault": "the connector failed in a way that is not its contract; whether something arrived is not known",
    "wrong_recipient": "the door's profile does not speak to that kind of agency",
    # What a transport met with.
    "refused": "the agency refused it",
    "try_later": "the agency took nothing for as long as it was tried",
    "unsure": "it may have arrived, and no answer came: ask the agency",
    "connector_code": "the connector gave a code of its own that may not stand here; its operator can tell",
    "no_connection": "the agency's system could not be reached for as long as it was tried",
    "no_answer": "it was sent and no answer came: it may have arrived; ask the agency",
    "peer_not_proven": "whoever answered at the agency's address did not prove to be the agency; nothing was sent",
    "redirect": "the agency's system pointed to another address, which is not followed: its settings need a look",
    "secret_unreadable": "a secret that the door needs is not there or cannot be read: the administrator must look",
    "too_large": "the message is larger than this door takes: refer a summary instead",
    "name_taken": "another pack or file already has its name: somebody must look there",
    "name_unsafe": "the name of its pack or file is not one that a folder takes safely",
    "folder_unusable": "the outgoing folder cannot be written: space and rights need a look",
    "folder_open_to_others": "the outgoing folder can be read by others: its rights must be narrowed first",
    "collected": "this agency fetches what is for it, and nothing is sent there",
    "no_folder": "the folder at the agency is not there",
    "not_let_in": "the agency's server does not accept our key",
    "no_right_to_write": "we may not write into the folder at the agency",
    "partner_storage": "the agency's server had no room for as long as it was tried",
    "tls_not_offered": "the mail relay offers no encryption, so nothing was sent",
    "sign_in_not_ascii": "user name or password of the mail relay is not plain ASCII: the administrator must look",
    "sign_in_not_offered": "the mail relay offers no way to sign in: the administrator must look",
    "smtp_reply_unknown": "the mail relay answered outside the protocol; the email may have been handed over",
}  # fmt: skip

NUMBERED: Mapping[str, str] = {
    "http": "the agency's system answered with HTTP status {}",
    "smtp": "the mail relay answered with SMTP code {}",
}
"""By what stands before the number."""

_NUMBERED = re.compile(r"([a-z]+)_([0-9]{3})")
_UNKNOWN = "stopped for a reason that only the connector's or the hub's operator can explain: tell them the code"


def in_words(cause: str | None) -> str:
    """What a cause says in plain words; for one that is not known, whom to ask."""
    code = (cause or "").lower()
    numbered = _NUMBERED.fullmatch(code)
    if numbered is not None and numbered[1] in NUMBERED:
        return NUMBERED[numbered[1]].format(numbered[2])
    return WORDS.get(code, _UNKNOWN)
