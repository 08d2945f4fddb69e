"""Times tripstats against DuckDB on the same files: peers.py TRIPSTATS [--rounds N] [--set NAME]...

After one round to warm up, in which all must give the same answers, the programs take turns for N rounds. What counts
is the ratio to DuckDB within a round. A round in which other programs took more than 5 % of the cores is run again, up
to 3 N rounds in all; of too few quiet rounds the quietest are taken, and the table says so. DuckDB's wall time is that
of its queries alone, without the start of Python; CPU and memory are of the process. The last lines are a Markdown table.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile

import common

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "duckdb_peer.py")
TRIPSTATS = ["direct", "prism"]  # runners
DUCKDB = ["grouping-sets", "one-group-by"]  # see duckdb_peer.py


def once(binary, program, paths, scratch):
    """Runs one program once, when others are quiet. Returns what was measured and where its tables are."""
    common.wait_for_quiet()
    out = os.path.join(scratch, program)
    if program in TRIPSTATS:
        return common.measure(common.tripstats(binary, program, paths, out)), out
    m = common.measure([sys.executable, PEER, program, out, *paths])
    return m._replace(wall=float(m.stdout)), out


def disturbed(r):
    """The share of the cores that other programs took, in the worst run of a round."""
    return max(m.others for m in r.values())


def bench(binary, name, rounds):
    paths = common.files(name)
    programs = TRIPSTATS + DUCKDB
    with tempfile.TemporaryDirectory() as scratch:
        outs = [once(binary, p, paths, scratch)[1] for p in programs]  # warm-up
        for out in outs[1:]:
            common.measure([sys.executable, PEER, "agree", outs[0], out])

        def one_round(n):
            first = n % len(programs)
            r = {p: once(binary, p, paths, scratch)[0] for p in programs[first:] + programs[:first]}
            walls = ", ".join(f"{p} {r[p].wall:.2f} s" for p in programs)
            print(f"bench: {name} round {n + 1}: {walls}; others took {disturbed(r):.0%}", file=sys.stderr)
            return r

        kept, note = common.repeat(rounds, one_round, disturbed)
    measured = {p: [r[p] for r in kept] for p in programs}
    size = sum(os.path.getsize(p) for p in paths) / 1e6
    lines = []
    for p in programs:
        wall, cpu, rss = (statistics.median(getattr(m, k) for m in measured[p]) for k in ("wall", "cpu", "rss"))
        ratios = []
        for peer in DUCKDB:
            r = [a.wall / b.wall for a, b in zip(measured[p], measured[peer])]
            ratios.append(f"{statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})" if p in TRIPSTATS else "")
        who = f"tripstats, {p}" if p in TRIPSTATS else f"DuckDB, {p}"
        lines.append(f"| {name}, {len(paths)} files, {size:.0f} MB; {note} | {who} | {wall:.2f} | {cpu:.2f} | {cpu / wall:.2f} | {rss:.0f} | {' | '.join(ratios)} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", action="append", choices=["tlc", "snappy"], help="default: both")
    args = parser.parse_args()
    table = [line for name in args.set or ["tlc", "snappy"] for line in bench(args.tripstats, name, args.rounds)]
    print(f"\n{os.cpu_count()} cores ({platform.machine()}), warm cache, medians;"
          " the last columns: wall time over that form of DuckDB's, median (least to most) of the ratios within a round\n")
    print("| files | program | wall s | CPU s | CPU/wall | peak MiB | over " + " | over ".join(DUCKDB) + " |")
    print("|---|---|" + "---:|" * (4 + len(DUCKDB)))
    print("\n".join(table))


if __name__ == "__main__":
    main()
