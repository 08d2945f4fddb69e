"""Measures tripstats on one file with a single row group of 14 million rows: memory.py TRIPSTATS [--rounds N]

It exits non-zero if the peak of a run is above 160 MiB, or if the direct runner keeps fewer than 1.7 of two cores busy.
"""

import argparse
import statistics
import sys
import tempfile

import common

PEAK = 160  # MiB, on every runner
BUSY = 1.7  # CPU seconds over wall time, on direct: if other programs left the cores alone


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    paths = common.files("one14m")
    failed = False
    print("| runner | wall s | CPU s | CPU/wall | peak MiB, most | |")
    print("|---|---:|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for runner in ("direct", "prism"):

            def one_round(_):
                common.wait_for_quiet()
                return common.measure(common.tripstats(args.tripstats, runner, paths, scratch))

            one_round(0)  # warm-up
            runs, note = common.repeat(args.rounds, one_round, lambda m: m.others)
            wall, cpu, busy = (statistics.median(v) for v in zip(*((m.wall, m.cpu, m.cpu / m.wall) for m in runs)))
            peak = max(m.rss for m in runs)
            print(f"| {runner} | {wall:.2f} | {cpu:.2f} | {busy:.2f} | {peak:.0f} | {note} |")
            if peak > PEAK or runner == "direct" and busy < BUSY and all(m.others <= common.QUIET for m in runs):
                failed = True
    if failed:
        sys.exit(f"bench: expected at most {PEAK} MiB, and on direct at least {BUSY} of CPU/wall")


if __name__ == "__main__":
    main()
