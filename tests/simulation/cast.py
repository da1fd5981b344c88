"""Who acts in a history, and what each does."""

from collections.abc import Sequence

from tests.simulation import workers
from tests.simulation.people import (
    abandons,
    acknowledges,
    carries,
    corrects,
    declares,
    ends_override,
    ends_suspension,
    erases,
    fetches,
    introduces,
    records_consent,
    refers,
    resumes,
    reviews,
    suspends,
    suspends_agreement,
    withdraws,
)
from tests.simulation.play import Act, Play

_EVERYWHERE: tuple[tuple[Act, int], ...] = (
    (withdraws, 3), (suspends, 2), (suspends_agreement, 2), (ends_suspension, 1), (resumes, 3), (acknowledges, 2),
    (reviews, 1), (corrects, 4), (records_consent, 2), (abandons, 2), (erases, 2),
)  # fmt: skip
_IN_SCENES: dict[str, tuple[tuple[Act, int], ...]] = {
    "danger": ((declares, 14), (ends_override, 7), (reviews, 4)),
    "fetched": ((fetches, 18),), "carried": ((carries, 9),), "held": ((abandons, 10), (carries, 3)),
    "stranger": ((introduces, 14),),
}  # fmt: skip
"""What else may be done in histories that begin from a scene, and how often."""

_COME_LATE = (0, 5, 12)
"""For how many steps somebody may wait before acting: by then something is on its way, or there."""


def cast(play: Play, only: Sequence[Act]) -> dict[str, Act]:
    """Who acts in this history, and as what; people do `only` this where it is said."""
    choices = play.world.choices
    acts = [(act, 1) for act in only] or [*_EVERYWHERE, *_IN_SCENES.get(play.scene.name, ())]
    found: dict[str, Act] = {}
    for number, told in enumerate(play.scene.later):
        if choices.weighted((1, 1)) or not play.scene.told:
            found[f"officer{number}"] = refers(told)
    for number in range(1 + choices.weighted((2, 4, 3, 1))):
        act = acts[choices.weighted([weight for _, weight in acts])][0]
        found[f"person{number}"] = _late(act, _COME_LATE[choices.weighted((3, 2, 2))])
    for number in range(2 + choices.weighted((3, 1))):
        found[f"worker{number}"] = workers.works
    if choices.below(2):
        found["timetable"] = workers.sweeps
    if choices.weighted((2, 1)) or workers.witnesses in only:
        found["witness"] = workers.witnesses
    return found


def _late(act: Act, steps: int) -> Act:
    def comes(play: Play) -> None:
        while play.seams.setdefault(play.actor, 0) < steps:
            play.seams[play.actor] += 1
            play.world.seam("has not come yet")
        act(play)

    return comes if steps else act
