"""Times tripstats against other engines on the same files: peers.py TRIPSTATS [--sets ...] [--threads ...] [--peers ...] [--rounds N]

After one round to warm up, in which all must give the same tables, the programs run in turns for N rounds. The results are the
ratios within a round. A round in which other programs took more than 5 % of the cores is repeated, up to 3 N rounds in all. If there
are too few quiet rounds, the quietest are used, and the table says so. If all programs and at least 5 rounds were requested, the
results of each set are kept, and the page is written again from all kept results (see report.py).
"""

import argparse
import os
import sys
import tempfile

import common
import programs
import report

SETS = ["tlc", "snappy", "month", "one14m", common.HIRED, common.REAL]
KEPT = 5  # rounds, of results that are kept


def check(first, others, binary, paths, scratch, threads):
    """Runs all programs once, and ends this one unless they give the same tables. The two forms of the decode must give the same
    number of values."""
    ours = os.path.join(scratch, first.name)
    programs.run(first, binary, paths, ours, threads)
    for p in others:
        out = os.path.join(scratch, p.name)
        m = programs.run(p, binary, paths, out, threads)
        if p.kind == "decode":
            other = programs.run(p._replace(form="batches"), binary, paths, out, threads)
            if m.stdout != other.stdout:
                sys.exit(f"bench: {p.title}: found {m.stdout.strip()} values, expected the {other.stdout.strip()} of its batches")
        else:
            common.measure([sys.executable, os.path.join(common.HERE, "agree.py"), ours, out])


def bench(binary, name, threads, chosen, rounds, wait):
    """Returns the measures of a set."""
    paths = common.files(name)
    if not paths:
        print(f"bench: SKIPPED: {name}: no real data (TRIPSTATS_DATA says where)", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as scratch:
        check(chosen[0], chosen[1:], binary, paths, scratch, threads)

        def one_round(n):
            turn = n % len(chosen)
            r = {}
            for p in chosen[turn:] + chosen[:turn]:
                common.wait_for_quiet(wait)
                r[p.name] = programs.run(p, binary, paths, os.path.join(scratch, p.name), threads)
            walls = ", ".join(f"{p.name} {r[p.name].wall:.2f} s" for p in chosen)
            print(f"bench: {name}, {threads} threads, round {n + 1}: {walls}; others took {disturbed(r):.0%}", file=sys.stderr)
            return r

        kept, note = common.repeat(rounds, one_round, disturbed)
    return {
        "set": name, "threads": threads, "files": len(paths), "bytes": sum(map(os.path.getsize, paths)), "rounds": note,
        "machine": programs.machine(), "versions": programs.versions(binary), "commit": programs.commit(),
        "runs": {p.name: [{k: round(getattr(r[p.name], k), 3) for k in report.MEASURES} for r in kept] for p in chosen},
    }


def disturbed(r):
    """Returns the share of the cores that other programs took, in the worst run of a round."""
    return max(m.others for m in r.values())


def words(text):
    return text.replace(",", " ").split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--sets", type=words, default=SETS, help=f"of {', '.join([*common.SETS, common.REAL])} (default {','.join(SETS)})")
    parser.add_argument("--threads", type=words, default=["2", "1"], help="default 2,1")
    parser.add_argument("--peers", type=words, default=[], help=f"of {', '.join(p.name for p in programs.PROGRAMS)} (default all)")
    parser.add_argument("--rounds", type=int, default=KEPT)
    parser.add_argument("--wait", type=int, default=120, help="seconds at most, before each run, for other programs to be quiet (default 120)")
    args = parser.parse_args()
    chosen = programs.chosen(args.peers)
    for name in args.sets:
        if name not in common.SETS and name != common.REAL:
            parser.error(f"no set {name!r}")
    for name in args.sets:
        for threads in map(int, args.threads):
            able = [p for p in chosen if not name.startswith(common.HIRED) or p.kind == "tripstats" or p.peer == "duckdb"]
            result = bench(args.tripstats, name, threads, able, args.rounds, args.wait)
            if not result:
                continue
            print("\n" + report.table(result), flush=True)
            if args.rounds >= KEPT and not args.peers:
                report.keep(f"{name}-{threads}", result)
                report.write()


if __name__ == "__main__":
    main()
