"""`python -m bench`: run every measurement and print ratios."""

import argparse
import os
import statistics

from bench import accepting, deciding


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Paired measurements, told as ratios.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--each", type=int, default=60, help="referrals accepted a round")
    parser.add_argument("--questions", type=int, default=1_000, help="questions decided a round")
    parser.add_argument("--only", choices=["accepting", "deciding"], help="leave the rest out")
    parser.add_argument("--postgres", default=os.environ.get("CONCORDAT_TEST_POSTGRES_URL"),
                        help="SQLAlchemy address of a server on which a database may be made")  # fmt: skip
    asked = parser.parse_args()
    if asked.only != "deciding":
        _accepting(asked.rounds, asked.each, asked.postgres)
    if asked.only != "accepting":
        _deciding(asked.rounds, asked.questions)


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


main()
