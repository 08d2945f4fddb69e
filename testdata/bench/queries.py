"""Times questions in SQL: queries.py TRIPSTATS [--months N] [--rounds N] [--wait N] [--no-polars] [--keep]

The ten questions of questions.sql, each alone by tripstats query, against DuckDB and Polars over the same files; all ten in one pass against the sum of
DuckDB's; the tables of the library beside the standing ones against the standing ones alone. Before, all must give the same rows. The programs run
in turns; a turn in which others took more than 5 % of the cores is repeated, up to three times. Then the peak memory of passes that have many groups. The
tables are written into README.md with 24 months and 5 rounds, or --keep. It exits non-zero if something is above its bound.
"""

import argparse
import datetime
import importlib.metadata
import os
import re
import statistics
import sys
import tempfile

import common
import programs
import report

# At most.
QUESTION = 0.6  # of DuckDB's wall time
PASS = 0.2  # of the sum of DuckDB's ten
BESIDE = 2.2  # of the standing tables alone
MEMORY = 256  # MiB
MEMORY_OD = 400

CORES = 2
LIBRARY = "by_hour,payment,od,zone_minutes,fares,airport,daily"
QUESTIONS = os.path.join(common.HERE, "questions.sql")
OD_BY_HOUR = """SELECT taxi, month_start, pickup_hour, pickup_location_id, dropoff_location_id, count(*) AS trips, quantile_disc(trip_duration_seconds, 0.5) AS seconds
FROM trips GROUP BY ALL"""


def questions():
    with open(QUESTIONS, encoding="utf-8") as f:
        return {name: sql.strip() for name, sql in re.findall(r"^CREATE TABLE (\w+) AS\n(.*?);", f.read(), re.M | re.S)}


def run(argv):
    """Measures a program on two cores."""
    return common.measure(common.on_cores(argv, CORES), None if common.keeps_to(CORES) else {"GOMAXPROCS": str(CORES)})


def peer(name, question, paths):
    """Measures a question in a peer: wall and CPU time are the question's alone."""
    form = ["fastest"] if name == "duckdb" else []
    m = run([sys.executable, os.path.join(common.HERE, f"{name}_questions.py"), question, *form, str(CORES), *paths])
    wall, cpu = map(float, m.stdout.split())
    return m._replace(wall=wall, cpu=cpu)


class Ours:
    """Calls tripstats."""

    def __init__(self, binary, scratch):
        self.binary, self.scratch = binary, scratch

    def ask(self, sql, paths):
        quiet = ["sh", "-c", 'exec "$@" >/dev/null', "sh"]  # the rows would become part of what this program holds
        return run([*quiet, self.binary, "query", sql, f"--input={','.join(paths)}", "--quality=raw", "--as=csv"])

    def make(self, tables, paths, quality="raw"):
        with tempfile.TemporaryDirectory(dir=self.scratch) as out:
            return run([*common.tripstats(self.binary, "direct", paths, out, quality), f"--tables={tables}"])


def in_turns(once, wait):
    """Calls once until others were quiet, up to three times, and returns the quietest measurements by name."""
    best = None
    for _ in range(3):
        common.wait_for_quiet(wait)
        got = once()
        worst = max(m.others for m in got.values())
        if best is None or worst < best[0]:
            best = worst, got
        if worst <= common.QUIET:
            break
    return best


def kept(m):
    return {k: round(getattr(m, k), 3) for k in report.MEASURES}


def total(runs):
    """The sum of several measurements."""
    return {k: round(sum(r[k] for r in runs), 3) for k in ("wall", "cpu")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--months", type=int, default=len(common.MONTHS), help="the first N files (default all)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wait", type=int, default=120, help="seconds at most, before each turn, for other programs to be quiet (default 120)")
    parser.add_argument("--no-polars", action="store_true")
    parser.add_argument("--keep", action="store_true", help="write the tables into README.md, however short the run")
    args = parser.parse_args()
    paths = common.files("tlc")[: args.months]
    asked = questions()
    peers = ["duckdb"] if args.no_polars else ["duckdb", "polars"]
    times = {name: {who: [] for who in ("tripstats", "duckdb", "polars")} for name in asked}
    passes = {what: ([], []) for what in ("ten", "raw", "standard")}
    quiet = []
    failed = []

    with tempfile.TemporaryDirectory() as scratch:
        ours = Ours(args.tripstats, scratch)
        common.warm(paths)
        for name, sql in asked.items():  # the warm-up
            run([sys.executable, os.path.join(common.HERE, "questions_agree.py"), args.tripstats, name, sql, ",".join(peers), *paths])

        def turn(calls, n):
            """Returns what measures programs one after the other, in another order each round."""
            names = list(calls)
            return lambda: {name: calls[name]() for name in names[n % len(names) :] + names[: n % len(names)]}

        for n in range(args.rounds):
            for name, sql in asked.items():
                calls = {"tripstats": lambda sql=sql: ours.ask(sql, paths)} | {p: lambda p=p, name=name: peer(p, name, paths) for p in peers}
                others, got = in_turns(turn(calls, n), args.wait)
                quiet.append(others)
                for who, m in got.items():
                    times[name][who].append(kept(m))
            others, got = in_turns(
                turn({
                    "ten": lambda: ours.make(QUESTIONS, paths),
                    **{q: lambda q=q: ours.make("standard", paths, q) for q in ("raw", "standard")},
                    **{"+" + q: lambda q=q: ours.make("standard," + LIBRARY, paths, q) for q in ("raw", "standard")},
                }, n), args.wait)
            quiet.append(others)
            passes["ten"][0].append(kept(got["ten"]))
            passes["ten"][1].append(total([times[name]["duckdb"][-1] for name in asked]))
            for q in ("raw", "standard"):
                passes[q][0].append(kept(got["+" + q]))
                passes[q][1].append(kept(got[q]))
            print(f"bench: round {n + 1} of {args.rounds}; others took at most {max(quiet):.0%}", file=sys.stderr)

        green = common.files("tlc-green")[: args.months]
        memory = []

        def peak(what, most, once, refusable=False):
            try:
                rss = once().rss
            except SystemExit as e:  # the program failed: measure says how
                message = str(e).strip().splitlines()[-1]
                memory.append((what, "refused, exit 5" if refusable else f"failed: {message}", most))
                if not refusable:
                    failed.append(f"{what}: {message}")
                return
            memory.append((what, round(rss), most))
            if rss > most:
                failed.append(f"{what}: {rss:.0f} MiB, expected at most {most}")

        od = os.path.join(scratch, "od_by_hour.sql")
        with open(od, "w", encoding="utf-8") as f:
            f.write(OD_BY_HOUR + "\n")
        peak(f"the ten, {len(paths)} months of yellow", MEMORY, lambda: ours.make(QUESTIONS, paths))
        peak(f"the ten, {len(paths)} months of yellow and of green, 1 million rows a month", MEMORY, lambda: ours.make(QUESTIONS, paths + green))
        peak(f"the ten, {len(paths)} months of yellow and of green, with the rules", MEMORY, lambda: ours.make(QUESTIONS, paths + green, "standard"))
        for quality in ("raw", "standard"):
            peak(f"from zone to zone by hour, {len(paths)} months of yellow, --quality={quality}", MEMORY_OD, lambda q=quality: ours.make(od, paths, q), True)
        peak("the ten, 1 month of yellow, with the rules", MEMORY, lambda: ours.make(QUESTIONS, paths[:1], "standard"))

    done = {
        "date": datetime.date.today().isoformat(), "machine": programs.machine(), "commit": programs.commit(),
        "versions": {package: importlib.metadata.version(package) for package in peers},
        "months": len(paths), "note": f"{args.rounds} rounds, others took at most {max(quiet):.0%} of the cores",
        "bounds": {"question": QUESTION}, "questions": times, "memory": memory,
        "passes": [
            ("the ten questions", "DuckDB's ten, one by one", PASS, *passes["ten"]),
            ("the library's seven and the standing tables", "the standing tables alone", BESIDE, *passes["raw"]),
            ("the same with the rules", "the standing tables alone", BESIDE, *passes["standard"]),
        ],
    }
    text = report.queries(done)
    print("\n" + text)
    for name, r in times.items():
        ratio = statistics.median(a["wall"] / b["wall"] for a, b in zip(r["tripstats"], r["duckdb"]))
        if ratio > QUESTION:
            failed.append(f"{name}: {ratio:.2f} of DuckDB's time, expected at most {QUESTION}")
    for what, beside, most, runs, base in done["passes"]:
        ratio = statistics.median(a["wall"] / b["wall"] for a, b in zip(runs, base))
        if ratio > most:
            failed.append(f"{what}: {ratio:.2f} of {beside}, expected at most {most}")
    if args.keep or args.rounds >= 5 and args.months >= len(common.MONTHS) and not args.no_polars:
        report.keep("queries", done)
        report.write()
    if failed:
        sys.exit("\n".join(f"bench: {line}" for line in failed))


if __name__ == "__main__":
    main()
