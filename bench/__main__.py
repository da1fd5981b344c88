"""`python -m bench`: run every measurement and print ratios."""

import argparse
import os
import statistics

from bench import accepting


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Paired measurements, told as ratios.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--each", type=int, default=60, help="operations a round")
    parser.add_argument("--postgres", default=os.environ.get("CONCORDAT_TEST_POSTGRES_URL"),
                        help="SQLAlchemy address of a server on which a database may be made")  # fmt: skip
    asked = parser.parse_args()
    print("Referrals accepted per second (one referral, four recipients: decided, sealed, stored and logged),")
    print("against the bare stack doing the same inserts and nothing else; one thread, medians over rounds.")
    for database, pair in accepting.run(asked.rounds, asked.each, asked.postgres).items():
        low, high = pair.spread
        ours, bare = statistics.median(pair.ours), statistics.median(pair.other)
        print(
            f"  {database:<11} ratio {pair.ratio:.2f} ({low:.2f}-{high:.2f})   ours {ours:,.0f}/s   bare {bare:,.0f}/s"
        )
    if asked.postgres is None:
        print("  postgresql  not measured: give --postgres or CONCORDAT_TEST_POSTGRES_URL")


main()
