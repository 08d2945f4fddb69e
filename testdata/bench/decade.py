"""Runs the talk's decade, yellow 2014-01 to 2023-12, on generated files: decade.py TRIPSTATS [--months 1,6,...] [--peers A,B]

tripstats runs on the first 1, 6, 24, 60 and 120 months, which shows how time and memory grow. Then each peer runs once on all of
them, and all must give the same tables. Then tripstats runs with the rules, and the ledger is shown. The result of each run is
kept in .cache/bench-results/decade.json, and the run is not repeated unless the program has changed: remove the file to start
again.
"""

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile

import common
import programs
import report

MONTHS = [1, 6, 24, 60, 120]
THREADS = os.cpu_count()


def fastest_peers():
    """Returns the names of the two fastest peers on the set tlc, of two engines, if its results are there."""
    result = report.load(f"tlc-{THREADS}")
    if not result:
        sys.exit("bench: no results of the set tlc: make bench-peers SETS=tlc first, or name the peers: PEERS=duckdb,chdb")
    runs = result["runs"]
    by_speed = sorted((p for p in programs.PROGRAMS if p.kind == "peer"), key=lambda p: statistics.median(r["wall"] for r in runs[p.name]))
    engines = {}
    for p in by_speed:
        engines.setdefault(p.peer, p.name)
    return list(engines.values())[:2]


def ledger(out):
    """Returns the rows of the ledger by rule, of all files."""
    query = f"SELECT rule, scope, sum(rows)::BIGINT FROM '{out}/quality/quality.parquet' GROUP BY ALL ORDER BY ALL"
    m = common.measure([sys.executable, "-c", f"import duckdb, json; print(json.dumps(duckdb.sql({query!r}).fetchall()))"])
    return json.loads(m.stdout)


class Decade:
    """The runs that are done, in their order, and the folder for their tables."""

    def __init__(self, binary, scratch, wait):
        self.binary, self.scratch, self.wait, self.ours = binary, scratch, wait, None
        with open(binary, "rb") as f:
            program = hashlib.file_digest(f, "sha256").hexdigest()
        self.done = report.load("decade") or {}
        if self.done.get("program") != program:  # runs of another program do not belong in this one's table
            self.done = {"program": program, "commit": programs.commit(), "runs": []}

    def keep(self, **more):
        self.done |= {"machine": programs.machine(), "versions": programs.versions(self.binary), **more}
        report.keep("decade", self.done)

    def run(self, name, months, quality="raw"):
        """Runs a program on the first months, unless that run is done. Returns its output folder, or None."""
        what = {"program": name, "months": months, "quality": quality}
        if any(what.items() <= r.items() for r in self.done["runs"]):
            return None
        paths, out = common.files(f"decade-{months}"), os.path.join(self.scratch, f"{name}-{months}-{quality}")
        program = next(p for p in programs.PROGRAMS if p.name == name)
        common.warm(paths)
        common.wait_for_quiet(self.wait)
        m = programs.run(program, self.binary, paths, out, THREADS, quality)
        if program.kind == "peer":
            self.compare(paths, out)
        rows = sum(list(common.published().values())[:months])
        run = what | {"rows": rows, "bytes": sum(map(os.path.getsize, paths))} | {k: round(getattr(m, k), 3) for k in report.MEASURES}
        self.keep(runs=[*self.done["runs"], run])
        print(f"bench: {name}, {months} months, {quality}: {m.wall:.1f} s, {m.cpu:.1f} CPU s, {m.rss:.0f} MiB; others took {m.others:.0%}", file=sys.stderr)
        return out

    def compare(self, paths, theirs):
        """Ends this program unless a peer's tables are the same as ours."""
        if not self.ours:
            self.ours = os.path.join(self.scratch, "ours")
            common.measure(common.tripstats(self.binary, "direct", paths, self.ours))
        common.measure([sys.executable, os.path.join(common.HERE, "agree.py"), self.ours, theirs])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--months", type=lambda text: list(map(int, text.split(","))), default=MONTHS, help="how many, of 1,6,24,60,120 (default all)")
    parser.add_argument("--peers", type=lambda text: text.replace(",", " ").split(), help="default: the two fastest of the set tlc")
    parser.add_argument("--wait", type=int, default=120, help="seconds at most, before each run, for other programs to be quiet (default 120)")
    args = parser.parse_args()
    most = max(args.months)
    peers = args.peers or fastest_peers()
    with tempfile.TemporaryDirectory() as scratch:
        decade = Decade(args.tripstats, scratch, args.wait)
        for months in sorted(args.months):
            decade.run("direct", months)
        for name in peers:
            decade.run(name, most)
        if out := decade.run("direct", most, "standard"):
            decade.keep(ledger=ledger(out))
    report.write()
    print(report.decade(decade.done))


if __name__ == "__main__":
    main()
