"""Measures how the program uses more cores: cores.py TRIPSTATS [--seconds N] [--cores 1,2,4] [--months N] [--set NAME]

On 1, 2, 4 ... and all cores: tripstats on direct and on prism, with --quality=raw and standard, beside DuckDB on the same machine; then the ten questions of
questions.sql, one by one, on all cores and on 2. Programs are held to cores by their affinity, as taskset does it, one thread of each physical core first. The programs
take turns, from most cores to fewest, in rounds until the time is over. Making the files counts as part of the time. A cell is the median of its rounds. DuckDB
runs in two forms; after the first round only the faster one runs.

Needs no network. It exits non-zero if tripstats takes more than it may (MOST). It needs a machine with more than two cores to be useful.
"""

import argparse
import collections
import datetime
import os
import statistics
import sys
import tempfile
import time

import common
import programs
import queries

# How much of DuckDB's wall time direct may take, and how much of direct's wall time prism may take, by cores.
MOST = {8: (0.35, 1.3), 16: (0.40, 1.3)}

FORMS = ("duckdb", "duckdb-once")
OURS = [(runner, quality) for quality in ("raw", "standard") for runner in ("direct", "prism")]


def order_of_cpus():
    """Returns the processors of this process, one thread of each physical core first."""
    cpus = sorted(os.sched_getaffinity(0))
    nth = {}
    for cpu in cpus:
        try:
            with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", encoding="ascii") as f:
                text = f.read().strip()
        except OSError:
            text = str(cpu)
        siblings = [n for part in text.split(",") for n in range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1)]
        nth[cpu] = [n for n in siblings if n in cpus].index(cpu) if cpu in siblings else 0
    return sorted(cpus, key=lambda cpu: (nth[cpu], cpu))


def steps(most):
    """Returns 1, 2, 4 ... and most, the largest first."""
    found = {most}
    n = 1
    while n < most:
        found.add(n)
        n *= 2
    return sorted(found, reverse=True)


class Bench:
    """What was measured: for each cell, its measures."""

    def __init__(self, binary, paths, scratch):
        self.binary, self.paths, self.scratch = binary, paths, scratch
        self.cpus = order_of_cpus()
        self.cells = collections.defaultdict(list)

    def on(self, cores, argv):
        """Measures a program that is held to so many cores. GOMAXPROCS of the environment would hold instead."""
        os.sched_setaffinity(0, self.cpus[:cores])
        try:
            return common.measure(["env", "-u", "GOMAXPROCS", *argv])
        finally:
            os.sched_setaffinity(0, self.cpus)

    def ours(self, cores, runner, quality):
        with tempfile.TemporaryDirectory(dir=self.scratch) as out:
            self.cells[cores, runner, quality].append(self.on(cores, common.tripstats(self.binary, runner, self.paths, out, quality)))

    def peer(self, cores, name, script, *args):
        m = self.on(cores, [sys.executable, os.path.join(common.HERE, script), *args, *self.paths])
        wall, cpu = map(float, m.stdout.split()[:2])
        self.cells[cores, *name].append(m._replace(wall=wall, cpu=cpu))

    def duckdb(self, cores):
        forms = FORMS
        if all((cores, "duckdb", f) in self.cells for f in FORMS):
            forms = [min(FORMS, key=lambda f: self.wall(cores, "duckdb", f))]
        for form in forms:
            with tempfile.TemporaryDirectory(dir=self.scratch) as out:
                program = next(p for p in programs.PROGRAMS if p.name == form)
                self.peer(cores, ("duckdb", form), "duckdb_peer.py", program.form, str(cores), out)

    def question(self, cores, name, sql):
        quiet = ["sh", "-c", 'exec "$@" >/dev/null', "sh"]
        m = self.on(cores, [*quiet, self.binary, "query", sql, f"--input={','.join(self.paths)}", "--quality=raw", "--as=csv"])
        self.cells[cores, "question", name].append(m)
        if self.with_duckdb:
            self.peer(cores, ("question of duckdb", name), "duckdb_questions.py", name, "fastest", str(cores))

    with_duckdb = True

    def wall(self, *cell):
        runs = self.cells.get(cell)
        return statistics.median(m.wall for m in runs) if runs else None

    def cpu(self, *cell):
        return statistics.median(m.cpu for m in self.cells[cell]) if self.cells.get(cell) else None

    def fastest(self, cores):
        """Returns the wall and CPU time of the fastest DuckDB."""
        forms = [(self.wall(cores, "duckdb", f), self.cpu(cores, "duckdb", f)) for f in FORMS if self.wall(cores, "duckdb", f)]
        return min(forms) if forms else (None, None)


def make(name, most, seconds):
    """Returns the first files of a set. No more are made after so many seconds."""
    folder, months, flags = common.SETS[name]
    start, paths, step = time.monotonic(), [], 2 * os.cpu_count()
    for i in range(0, most, step):
        if paths and time.monotonic() - start > seconds:
            print(f"bench: {len(paths)} files of {most}: for more no time is left", file=sys.stderr)
            break
        common.SETS["cores"] = (folder, {m: months[m] for m in sorted(months)[i : min(i + step, most)]}, flags)
        paths += common.files("cores")
    return paths


def number(x):
    return "-" if x is None else f"{x:.2f}"


def over(a, b):
    return "-" if a is None or not b else f"{a / b:.2f}"


def table(b, cores):
    """Returns the tables in Markdown."""
    lines = ["| cores | direct, raw: wall s | CPU s | / DuckDB | standard: wall s | CPU s | prism, raw: wall s | CPU s | / direct | standard: wall s | CPU s | DuckDB: wall s | CPU s |",
             "|" + "---:|" * 13]
    for n in sorted(cores):
        wall, cpu = b.fastest(n)
        raw, prism = b.wall(n, "direct", "raw"), b.wall(n, "prism", "raw")
        lines.append("| " + " | ".join([
            str(n), number(raw), number(b.cpu(n, "direct", "raw")), over(raw, wall),
            number(b.wall(n, "direct", "standard")), number(b.cpu(n, "direct", "standard")),
            number(prism), number(b.cpu(n, "prism", "raw")), over(prism, raw),
            number(b.wall(n, "prism", "standard")), number(b.cpu(n, "prism", "standard")), number(wall), number(cpu)]) + " |")
    asked = sorted({(c[0], c[2]) for c in b.cells if c[1] == "question"}, key=lambda a: -a[0])
    if asked:
        lines += ["", "| cores | question | tripstats: wall s | CPU s | DuckDB: wall s | CPU s | tripstats / DuckDB |", "|---:|---|" + "---:|" * 5]
        for n, name in asked:
            ours, theirs = b.wall(n, "question", name), b.wall(n, "question of duckdb", name)
            lines.append(f"| {n} | {name} | {number(ours)} | {number(b.cpu(n, 'question', name))} | {number(theirs)} | {number(b.cpu(n, 'question of duckdb', name))} | {over(ours, theirs)} |")
        for n in sorted({n for n, _ in asked}, reverse=True):
            sums = [[b.wall(n, who, name) or 0 for m, name in asked if m == n] for who in ("question", "question of duckdb")]
            lines.append(f"| {n} | **all** | {sum(sums[0]):.2f} | | {sum(sums[1]):.2f} | | {over(sum(sums[0]), sum(sums[1]))} |")
    return "\n".join(lines) + "\n"


def above(b, cores):
    """Yields a line for each cell that takes more than it may."""
    for n in cores:
        if n not in MOST:
            continue
        direct, prism, (peer, _) = b.wall(n, "direct", "raw"), b.wall(n, "prism", "raw"), b.fastest(n)
        for title, base, wall, most in (("direct", "DuckDB's", peer, MOST[n][0]), ("prism", "direct's", direct, MOST[n][1])):
            took = {"direct": direct, "prism": prism}[title]
            if took and wall and took > most * wall:
                yield f"{n} cores: {title} takes {took / wall:.2f} of {base} wall time, expected at most {most}"


def has_duckdb():
    try:
        import duckdb  # noqa: F401

        return True
    except ImportError as e:
        print(f"bench: DuckDB is left out: {e}", file=sys.stderr)
        return False


def main():
    start = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--seconds", type=int, default=270, help="begin nothing after so long; a third of it at most is for the making of files (default 270)")
    parser.add_argument("--cores", type=lambda text: list(map(int, text.split(","))), help="default 1,2,4 ... and all")
    parser.add_argument("--months", type=int, default=len(common.MONTHS), help="the first N files of the set (default all)")
    parser.add_argument("--set", default="tlc", choices=["tlc", "snappy"], help="default tlc")
    args = parser.parse_args()
    paths = make(args.set, args.months, args.seconds / 3)
    made = time.monotonic() - start
    common.warm(paths)
    cores = sorted(args.cores or steps(len(os.sched_getaffinity(0))), reverse=True)
    asked = queries.questions()
    with tempfile.TemporaryDirectory() as scratch:
        b = Bench(os.path.abspath(args.tripstats), paths, scratch)
        b.with_duckdb = has_duckdb()
        rounds, failed = 0, []

        def works():
            """Yields what is to be measured in a round, the most important first."""
            for n in cores:
                for runner, quality in OURS:
                    yield lambda n=n, runner=runner, quality=quality: b.ours(n, runner, quality)
                if b.with_duckdb:
                    yield lambda n=n: b.duckdb(n)
            for n in sorted({cores[0], 2} & set(cores), reverse=True):
                for name, sql in asked.items():
                    yield lambda n=n, name=name, sql=sql: b.question(n, name, sql)

        while time.monotonic() - start < args.seconds:
            for work in works():
                if time.monotonic() - start < args.seconds:
                    work()
            rounds += 1
            print(f"bench: round {rounds} ended after {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        if not b.cells:
            sys.exit("bench: no time was left to measure; the files are made, so run it again")
        others = statistics.median(m.others for runs in b.cells.values() for m in runs)
        size = sum(map(os.path.getsize, paths)) / 1e6
        print(f"\nOf {datetime.date.today().isoformat()}, {programs.machine()}; {len(paths)} files, {size:.0f} MB, set {args.set}, made in {made:.0f} s; {rounds} rounds, the last"
              f" perhaps not whole, others took {others:.0%} of the cores in the median.\n\n{table(b, cores)}")
        failed = list(above(b, cores))
    if failed:
        sys.exit("\n".join(f"bench: {line}" for line in failed))


if __name__ == "__main__":
    main()
