"""`python -m bench`: run every measurement and print ratios."""

import argparse
import os
import signal
import statistics
import sys
from collections.abc import Callable, Mapping

from bench import accepting, appending, deciding, emergency, end_to_end, growing, hanging, idle, register, sealing
from bench.pairing import Pair

_ALL = ("accepting", "sealing", "deciding", "end_to_end", "emergency", "hanging", "idle", "growing", "register",
        "appending")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Paired measurements, told as ratios.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--each", type=int, default=60, help="referrals accepted a round")
    parser.add_argument("--questions", type=int, default=1_000, help="questions decided a round")
    parser.add_argument("--keys", type=int, default=100_000, help="data keys put under a new key")
    parser.add_argument("--per-second", type=float, default=50, help="referrals a second where latency is measured")
    parser.add_argument("--items", type=int, default=100_000, help="items after which memory is looked at last")
    parser.add_argument("--waiting", type=int, default=100_000, help="routine disclosures that danger overtakes")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 1_000_000], help="lengths of the queue")
    parser.add_argument("--disclosures", type=int, nargs="+", default=[10_000, 1_000_000],
                        help="disclosures in the register")  # fmt: skip
    parser.add_argument("--entries", type=int, nargs="+", default=[10_000, 1_000_000], help="lengths of the log")
    parser.add_argument("--only", choices=_ALL, help="leave the rest out")
    parser.add_argument("--postgres", default=os.environ.get("CONCORDAT_TEST_POSTGRES_URL"),
                        help="SQLAlchemy address of a server on which a database may be made")  # fmt: skip
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started, and databases, are ended too
    for name in _ALL:
        if asked.only in (None, name):
            _MEASURES[name](asked)


def _end_to_end(asked: argparse.Namespace) -> None:
    print("Accept, decide, encrypt, log, send, receipt, against the bare stack on the same store and receiver;")
    print("processes of their own, turn by turn, medians over rounds.")
    for kind, found in end_to_end.run(asked.rounds, asked.each, asked.per_second, asked.postgres).items():
        _pair(kind, "items/s while accepting", found.while_accepting)
        if found.drain is not None:
            _pair(kind, "items/s, drain", found.drain)
        met = "met" if found.ratio_p95 <= end_to_end.AT_MOST else "NOT met"
        (ours50, ours95), (bare50, bare95) = found.ours_ms, found.bare_ms
        print(f"  {kind:<11} begin to partner at {asked.per_second:g}/s, p50 / p95: ours {ours50:.0f} / {ours95:.0f} ms"
              f"   bare {bare50:.0f} / {bare95:.0f} ms   ratio of p95 {found.ratio_p95:.2f}, aim at most "
              f"{end_to_end.AT_MOST}: {met}   memory {found.memory[0]:.0f} : {found.memory[1]:.0f} MB")  # fmt: skip


def _pair(kind: str, about: str, pair: Pair) -> None:
    low, high = pair.spread
    ours, other = statistics.median(pair.ours), statistics.median(pair.other)
    met = "met" if pair.ratio >= 1 else "NOT met"
    print(f"  {kind:<11} {about}: ratio {pair.ratio:.2f} ({low:.2f}-{high:.2f})   ours {ours:,.0f}   bare {other:,.0f} "
          f"  aim at least 1: {met}", flush=True)  # fmt: skip


def _emergency(asked: argparse.Namespace) -> None:
    print("Danger, from the beginning of the request to the first byte at the partner, while others wait.")
    for kind, found in emergency.run(asked.waiting, asked.postgres).items():
        quiet, loaded = found.medians
        print(f"  {kind:<11} none waits: p50 {quiet:.0f} ms, longest {max(found.quiet):.0f}   {found.waiting:,} wait: "
              f"p50 {loaded:.0f} ms, longest {max(found.loaded):.0f}   ratio of p50 {loaded / quiet:.2f}   "
              f"({found.gone:,} of them went meanwhile)", flush=True)  # fmt: skip


def _hanging(asked: argparse.Namespace) -> None:
    print("Eight healthy partners' p95, begin to partner, beside a ninth that never answers, to without.")
    for kind, found in hanging.run(asked.rounds, asked.per_second, 4, asked.postgres).items():
        met = "met" if found.ratio <= hanging.AT_MOST else "NOT met"
        alone, beside = statistics.median(found.alone), statistics.median(found.beside)
        print(f"  {kind:<11} ratio {found.ratio:.2f}   alone {alone:.0f} ms   beside {beside:.0f} ms   "
              f"aim at most {hanging.AT_MOST}: {met}", flush=True)  # fmt: skip


def _idle(asked: argparse.Namespace) -> None:
    print("The embedded hub: processor while idle, memory after each tenth of the items.")
    found = idle.run(20, asked.items)
    met = "met" if found.cpu < idle.LIMIT_OF_CPU else "NOT met"
    told = " ".join(f"{each:.0f}" for each in found.memory)
    print(f"  idle {found.cpu:.2f} % of one processor, aim under {idle.LIMIT_OF_CPU:g}: {met}")
    print(f"  {found.items:,} items: {told} MB   last to first {found.memory[-1] / found.memory[0]:.2f}", flush=True)


def _growing(asked: argparse.Namespace) -> None:
    print("One claim, decided again and logged, by how many rows wait.")
    for kind, found in growing.run(tuple(asked.rows), asked.postgres).items():
        told = "   ".join(f"{size:,}: {each:.1f} ms" for size, each in found.claims.items())
        print(f"  {kind:<11} {told}   longest to shortest {found.ratio:.2f}", flush=True)


def _register(asked: argparse.Namespace) -> None:
    print("Everything ever disclosed about a person who has twenty cases, by how many disclosures there are.")
    for kind, found in register.run(tuple(asked.disclosures), asked.postgres).items():
        most = max(found.person)
        met = "met" if found.longest[most] <= register.LIMIT else "NOT met"
        person = "   ".join(f"{size:,}: {each * 1_000:.0f} ms" for size, each in found.person.items())
        page = "   ".join(f"{size:,}: {each * 1_000:.0f} ms" for size, each in found.page.items())
        sparse = "   ".join(f"{size:,}: {each * 1_000:.0f} ms" for size, each in found.sparse.items())
        print(f"  {kind:<11} person   {person}   ratio {found.ratio:.2f}   longest among {most:,}: "
              f"{found.longest[most]:.2f} s, aim at most {register.LIMIT:g} s: {met}\n"
              f"  {kind:<11} a page of twenty   {page}   of nothing found   {sparse}", flush=True)  # fmt: skip


def _appending(asked: argparse.Namespace) -> None:
    print("Durable entries of the log, to rows that one caller commits one by one with the database's own driver.")
    found = appending.run(asked.rounds, asked.each * 5, tuple(asked.entries), asked.postgres)
    for kind, each in found.items():
        _aimed(kind, "64 callers", each.at_once, appending.AT_ONCE)
        _aimed(kind, "1 caller", each.alone, appending.ALONE)
        _aimed(kind, "full records, 64 callers", each.full, appending.FULL)
        told = "   ".join(f"{size:,}: {ms:.2f} ms" for size, ms in each.growth.items())
        print(f"  {kind:<11} one append, by length of the log   {told}   ratio {each.grows:.2f}", flush=True)
    _aimed("in memory", f"inclusion proofs among {appending.AMONG:,}, to pymerkle",
           appending.proofs(asked.rounds, appending.AMONG), appending.PROOFS)  # fmt: skip


def _aimed(kind: str, about: str, pair: Pair, aim: float) -> None:
    low, high = pair.spread
    ours, other = statistics.median(pair.ours), statistics.median(pair.other)
    met = "met" if pair.ratio >= aim else "NOT met"
    print(f"  {kind:<11} {about}: ratio {pair.ratio:.2f} ({low:.2f}-{high:.2f})   ours {ours:,.0f}/s   "
          f"other {other:,.0f}/s   aim at least {aim:g}: {met}", flush=True)  # fmt: skip


def _accepting(rounds: int, each: int, postgres: str | None) -> None:
    print("Referrals accepted per second (one referral, four recipients: decided, sealed, stored and logged),")
    print("against the bare stack doing the same inserts and nothing else; one thread, medians over rounds.")
    for database, pair in accepting.run(rounds, each, postgres).items():
        low, high = pair.spread
        ours, bare = statistics.median(pair.ours), statistics.median(pair.other)
        print(
            f"  {database:<11} ratio {pair.ratio:.2f} ({low:.2f}-{high:.2f})   ours {ours:,.0f}/s   bare {bare:,.0f}/s"
        )
    if postgres is None:
        print("  postgresql  not measured: give --postgres or CONCORDAT_TEST_POSTGRES_URL")


def _sealing(rounds: int, each: int, keys: int, postgres: str | None) -> None:
    print("Referrals accepted with encryption, to without: ratio of speeds; one thread, medians over rounds.")
    for (database, left_out), pair in sealing.run(rounds, each, postgres).items():
        low, high = pair.spread
        ratio = f"ratio {pair.ratio:.2f} ({low:.2f}-{high:.2f})"
        ours, other = statistics.median(pair.ours), statistics.median(pair.other)
        print(f"  {database:<11} without {left_out:<24} {ratio}   with {ours:,.0f}/s   without {other:,.0f}/s")
    limit = sealing.LIMIT_OF_ROTATION
    for database, (wrapped, landlord, root) in sealing.new_keys(keys, postgres).items():
        met = "met" if landlord <= limit else "NOT met"
        print(f"  {database:<11} a landlord's new key over {wrapped:,} data keys: {landlord:.1f} s   "
              f"aim at most {limit} s: {met}   a new root key: {root:.2f} s")  # fmt: skip


def _deciding(rounds: int, each: int) -> None:
    print(f"The decision engine, {deciding.size()} rules: ratio of speeds, the first named to the second; "
          "one thread, medians over rounds.")  # fmt: skip
    for figure in deciding.run(rounds, each):
        low, high = figure.pair.spread
        ours, other = (1e6 / statistics.median(rates) for rates in (figure.pair.ours, figure.pair.other))
        print(f"  {figure.about:<55} ratio {figure.pair.ratio:7.2f} ({low:.2f}-{high:.2f})   "
              f"{ours:,.0f} us : {other:,.0f} us   {_aim(figure)}", flush=True)  # fmt: skip
    tried, holding, seconds = deciding.proofs()
    told = "met" if seconds <= deciding.LIMIT_OF_PROOFS else "NOT met"
    print(f"  {tried} properties over every combination of facts ({holding} hold): {seconds:.1f} s, "
          f"ratio to the limit {seconds / deciding.LIMIT_OF_PROOFS:.2f}   aim at most 1: {told}")  # fmt: skip


def _aim(figure: deciding.Figure) -> str:
    if figure.at_least is None:
        return ""
    met = "met" if figure.pair.ratio >= figure.at_least else "NOT met"
    if figure.at_least < 1:
        return f"aim at most {1 / figure.at_least:.0f} times slower (is {1 / figure.pair.ratio:.1f}): {met}"
    return f"aim at least {figure.at_least:.0f}: {met}"


_MEASURES: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "accepting": lambda asked: _accepting(asked.rounds, asked.each, asked.postgres),
    "sealing": lambda asked: _sealing(asked.rounds, asked.each, asked.keys, asked.postgres),
    "deciding": lambda asked: _deciding(asked.rounds, asked.questions),
    "end_to_end": _end_to_end, "emergency": _emergency, "hanging": _hanging, "idle": _idle, "growing": _growing,
    "register": _register, "appending": _appending,
}  # fmt: skip

if __name__ == "__main__":
    main()
