"""What can go wrong, as one tree. HTTP statuses and exit codes are known only at the entrances.

    ConcordatError
    |- BadInput            a field is wrong: which, why, what to do
    |- NotSignedIn         no credential, or one that is not valid now
    |- NotAllowed          the role may not do this
    |- NotFound            nothing there, or nothing that this person may know of
    |- Conflict            the thing is no longer in a state where this can be done
    |- TooLarge            more was sent than is taken
    |- WrongMediaType      something of another kind was sent than is taken
    |- Unavailable         the hub cannot make it durable now; nothing was taken
    |  `- TooManyTries     signing in was tried too often; wait
    `- NotTrusted          a key, a log or a file is not what it should be; the hub stops rather than go on

Sentences name fields and reasons and never repeat what was sent.
"""


class ConcordatError(Exception):
    """Something a person can act on. `code` is stable; the sentence says what happened and what to do."""

    def __init__(self, code: str, says: str) -> None:
        """Keep the stable code beside the sentence."""
        super().__init__(says)
        self.code = code
        self.says = says


class BadInput(ConcordatError):
    """One field of what was sent is wrong. `field` is its path ("record.people.0.name"; "" for the whole)."""

    def __init__(self, code: str, field: str, reason: str, remedy: str) -> None:
        """Keep the parts, so that each entrance can show them in its own way."""
        super().__init__(code, f"{field or 'the request'}: {reason}; {remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


class NotSignedIn(ConcordatError):
    """No credential was shown, or it is unknown, expired or revoked; which of these is not said."""


class NotAllowed(ConcordatError):
    """Signed in, but this role may not do this."""


class NotFound(ConcordatError):
    """Nothing by that id that this person may know of."""


class Conflict(ConcordatError):
    """It exists, but is not in a state where this can be done."""


class TooLarge(ConcordatError):
    """What was sent is larger than this hub takes."""


class WrongMediaType(ConcordatError):
    """What was sent is not of a kind that is taken there."""


class Unavailable(ConcordatError):
    """Nothing was taken; try again after `after` seconds. In an emergency use the telephone: 999."""

    def __init__(self, code: str, says: str, after: int) -> None:
        """Keep the seconds to wait."""
        super().__init__(code, says)
        self.after = after


class TooManyTries(Unavailable):
    """Signing in was tried too often by this account, from this address or in all; nothing was looked at."""


class NotTrusted(ConcordatError):
    """A key, a log or a file is not what it should be. The hub does not start, or does not release, on top of it."""
