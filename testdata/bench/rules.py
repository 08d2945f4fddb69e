"""Measures what the rules cost: rules.py TRIPSTATS [--rounds N] [--set NAME]... [--runner NAME]

--quality=standard and --quality=raw run in turns on the same files, with the same runner. The result is the ratio of CPU seconds within
a round. It exits non-zero if the median is above 1.15.
"""

import argparse
import statistics
import sys
import tempfile

import common

MOST = 1.15  # of raw's CPU seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", action="append", choices=["tlc", "snappy"], help="default: both")
    parser.add_argument("--runner", default="direct")
    args = parser.parse_args()
    failed = []
    print("| files | raw: wall s | CPU s | peak MiB | standard: wall s | CPU s | peak MiB | CPU, standard over raw | |")
    print("|---|" + "---:|" * 7 + "---|")
    for name in args.set or ["tlc", "snappy"]:
        paths = common.files(name)
        with tempfile.TemporaryDirectory() as scratch:

            def one_round(n):
                r = {}
                for mode in ("raw", "standard") if n % 2 else ("standard", "raw"):
                    common.wait_for_quiet()
                    r[mode] = common.measure(common.tripstats(args.tripstats, args.runner, paths, scratch, mode))
                return r

            one_round(0)  # warm-up
            rounds, note = common.repeat(args.rounds, one_round, lambda r: max(m.others for m in r.values()))
        ratios = [r["standard"].cpu / r["raw"].cpu for r in rounds]
        cells = []
        for mode in ("raw", "standard"):
            cells += [f"{statistics.median(r[mode].wall for r in rounds):.2f}", f"{statistics.median(r[mode].cpu for r in rounds):.2f}", f"{max(r[mode].rss for r in rounds):.0f}"]
        print(f"| {name}, {len(paths)} months | {' | '.join(cells)} | {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}) | {note} |", flush=True)
        if statistics.median(ratios) > MOST:
            failed.append(name)
    if failed:
        sys.exit(f"bench: {', '.join(failed)}: expected at most {MOST} of raw's CPU seconds")


if __name__ == "__main__":
    main()
