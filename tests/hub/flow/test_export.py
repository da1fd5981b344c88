"""What is taken away is on record with how long the log was, on both databases."""

from hub.audit.kinds import EntryKind
from hub.flow.export import export, take_openings
from tests import logs
from tests.hub.flow.correcting import Desk
from tests.hubs import lengthen_log


def test_an_entry_of_what_was_taken_tells_how_long_the_log_was_then_also_of_entries_without_a_number_yet(
    on_each: Desk,
) -> None:
    house = on_each.hub.house
    for number, take in enumerate((lambda: take_openings(house), lambda: export(house, None)), start=5):
        before = len(logs.entries(house.store))
        lengthen_log(on_each.hub, number)
        take()
        told = logs.entries(house.store)
        assert told[-1].kind is EntryKind.EXPORT_MADE
        assert told[-1].facts["size"] == before + number == len(told) - 1
