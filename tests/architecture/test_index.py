"""What may be looked up by a digest: a short list, and nothing that a person is."""

import ast

from protocols.record import Person, Statement
from protocols.vocabulary import DataCategory
from tests.architecture.source import modules

OF_A_LANDLORD = {
    ("hub.intake.referrals", "reference"),  # the landlord's own case number
    ("hub.register.person_index", "words"),  # what somebody is called, born when, reached how: to be found again
    ("hub.intake.referrals", "text"),  # an Idempotency-Key, and the digest of what came under it
}
OF_THE_HUB = {
    ("hub.access.accounts", "passwords.normal(name).casefold().strip()"),  # the name that somebody of a landlord chose
    ("hub.access.accounts", "subject"),  # of a sign-in with an OpenID provider
    ("hub.access.sessions", "address"), ("hub.access.limits", "whose"), ("hub.access.oidc", "hold"),
    ("hub.access.tokens", "ticket"), ("hub.access.tokens", "f'{about}|{body}'"),
    ("hub.register.contacts", "text"),  # an address or number that must not be used for anybody else
}  # fmt: skip
"""Module and words indexed. Whoever adds one answers: could somebody with the key try every value? Then do not."""


def _indexed(ending: str, place: int) -> set[tuple[str, str]]:
    return {
        (module.name, ast.unparse(call.args[place]))
        for module in modules()
        for called, call in module.calls()
        if f".{called}".endswith(f".{ending}")
    }


def test_only_what_is_on_the_list_is_ever_looked_up_by_a_digest() -> None:
    assert _indexed("landlord_keys.index", 2) == OF_A_LANDLORD
    assert _indexed("keys.index", 0) == OF_THE_HUB


def test_a_digest_is_made_nowhere_but_in_the_two_indexes() -> None:
    makers = {module.name for module in modules() for called, _ in module.calls() if called.endswith("keyed_digest")}
    assert makers == {"hub.keys.ring", "hub.store.landlord_keys"}


def test_no_characteristic_of_a_person_is_on_the_list() -> None:
    held = {category.value for category in DataCategory} | set(Person.model_fields) | set(Statement.model_fields)
    said = {word for _, words in OF_A_LANDLORD | OF_THE_HUB for word in words.replace("(", ".").split(".")}
    assert said & held <= {"address"}  # of a network, of a session
