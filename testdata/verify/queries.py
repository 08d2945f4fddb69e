"""Compares declared tables and answers of tripstats with DuckDB: queries.py TRIPSTATS [--data DIR] [--questions FILE]... [--only WORD]

The tables are those of the library and of questions.sql beside this file, and of ../query/questions.sql beside the folder of real data, if it is
there. Inputs are the sample, files with all edges of the rules, and the real months, with --quality=raw and with the rules. Whole numbers,
decimals and texts must be equal, floats within 1e-9 relative, rows in the same order, types as documented. The former must be the same bytes
from direct and prism, with one core and two, from files in reverse, cut in other row groups, and cut in two that --same-month=merge joins.
Each difference is one line on stderr. The exit code is 0 if there are none, otherwise 1.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import glob
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import reference
import trips

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = ["by_hour", "payment", "od", "zone_minutes", "fares", "airport", "daily"]

# Questions about single trips, which only tripstats query answers: the first rows by file and number.
ANSWERS = [
    "SELECT * FROM trips LIMIT 100",
    "SELECT taxi, pickup_datetime, total_amount FROM trips WHERE total_amount > 100 LIMIT 10000",
    "SELECT pickup_zone AS zone_, speed_mph, is_refund FROM trips WHERE pickup_borough = 'Queens' AND speed_mph IS NOT NULL LIMIT 500",
    "SELECT VendorID AS vendor, PULocationID AS place, round(tip_amount / nullif(fare_amount, 0), 3) AS share FROM trips WHERE payment_type = 1 LIMIT 300",
    "SELECT tip_amount, pickup_date, dropoff_zone FROM trips WHERE tip_amount > 20 LIMIT 200",
    "SELECT passenger_count, extra, store_and_fwd_flag, weekday = 7 AS sunday FROM trips WHERE extra IN (0.5, 1) LIMIT 1000",
    "SELECT taxi FROM trips WHERE FALSE LIMIT 3",
    "SELECT taxi FROM trips LIMIT 0",
]


class Program:
    """Runs tripstats and keeps what is wrong."""

    def __init__(self, path, scratch):
        self.path, self.scratch, self.wrong, self.runs, self.failures = path, scratch, [], 0, collections.Counter()

    def run(self, *args, cores=None):
        """Returns stdout, or None if the program fails."""
        self.runs += 1
        env = {**os.environ, **({"GOMAXPROCS": str(cores)} if cores else {})}
        done = subprocess.run([self.path, *args], capture_output=True, env=env, check=False)
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip()[-2000:]
            self.failures[message] += 1
            if self.failures[message] <= 2:
                self.wrong.append(f"exit {done.returncode}: tripstats {' '.join(a if len(a) < 300 else a[:300] + '...' for a in args)}\n{message}")
            return None
        return done.stdout

    def folder(self):
        return tempfile.mkdtemp(dir=self.scratch)

    def tables(self, items, source, *flags, cores=None):
        """Publishes tables and returns their folder, or None."""
        out = self.folder()
        args = [f"--input={source}", f"--output={out}", f"--tables={','.join(items)}", *flags]
        return None if self.run(*args, cores=cores) is None else out


def path_of(out, name):
    return os.path.join(out, name, name + ".parquet")


def digests(out, names):
    """Returns the sha256 of each table."""
    found = {}
    for name in names:
        with open(path_of(out, name), "rb") as f:
            found[name] = hashlib.sha256(f.read()).hexdigest()
    return found


def library(program):
    """Returns the SELECTs of the library, as the program shows them."""
    found = {}
    for name in LIBRARY:
        text = program.run("show", "tables", name)
        if text is not None:
            found |= dict(reference.statements(text.decode(), name))
    return found


def read(path):
    with open(path, encoding="utf-8") as f:
        return dict(reference.statements(f.read(), os.path.splitext(os.path.basename(path))[0]))


def compare(program, title, out, selects):
    """Compares published tables with DuckDB's. Returns the number of rows."""
    rows = 0
    for name, sql in selects.items():
        columns, expected = reference.ask(reference.told(sql))
        rows += len(expected)
        if not os.path.exists(path_of(out, name)):
            program.wrong.append(f"{title}: {name}: no such table")
            continue
        program.wrong += [f"{title}: {name}: {line}" for line in reference.differences(pq.read_table(path_of(out, name)), columns, expected)]
    return rows


# The answers of tripstats query.


def arrow_of(content):
    with contextlib.suppress(pa.ArrowInvalid):
        return pa.ipc.open_file(io.BytesIO(content)).read_all()
    return pa.ipc.open_stream(io.BytesIO(content)).read_all()


def answers(program, title, source, selects, *flags):
    """Compares answers in Arrow with DuckDB's, and those in CSV and JSON lines with those in Arrow."""
    for sql in selects:
        content = program.run("query", sql, f"--input={source}", "--as=arrow", *flags)
        if content is None:
            continue
        columns, expected = reference.ask(reference.told(sql))
        try:
            table = arrow_of(content)
        except (pa.ArrowInvalid, OSError) as e:
            program.wrong.append(f"{title}: query {sql}: --as=arrow: {e}")
            continue
        program.wrong += [f"{title}: query {sql}: {line}" for line in reference.differences(table, columns, expected)]
        as_text = {form: program.run("query", sql, f"--input={source}", f"--as={form}", *flags) for form in ("csv", "jsonl", "table")}
        if None in as_text.values():
            continue
        names = [name for name, _ in columns]
        as_csv = pyarrow.csv.read_csv(
            io.BytesIO(as_text["csv"]),
            parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict(columns), null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False),
        ) if table.num_columns else table
        if as_csv.to_pylist() != table.to_pylist() or as_csv.column_names != names:
            program.wrong.append(f"{title}: query {sql}: CSV has other rows than Arrow")
        lines = [json.loads(line) for line in as_text["jsonl"].splitlines()]
        if [list(line) for line in lines] != [names] * len(table) or any(plain(a) != b for a, b in zip(table.to_pylist(), lines)):
            found = next((f"{plain(a)} and {b}" for a, b in zip(table.to_pylist(), lines) if plain(a) != b), f"{len(table)} and {len(lines)} rows")
            program.wrong.append(f"{title}: query {sql}: JSON lines have other rows than Arrow: {found}")


def plain(row):
    """Returns a row of Arrow as JSON has it: texts for dates and times, numbers for decimals."""
    out = {}
    for name, value in row.items():
        if value is None or isinstance(value, bool | int | float | str):
            out[name] = value
        elif hasattr(value, "hour"):
            out[name] = value.isoformat()
        elif hasattr(value, "year"):
            out[name] = value.isoformat()
        else:
            out[name] = float(value)
    return out


# The same bytes.


def copies(paths, folder, change):
    """Writes changed copies of files into folders that are called like theirs. Returns the new paths."""

    def one(path):
        parent = os.path.join(folder, *path.split(os.sep)[-3:-1])
        return change(path, parent, os.path.basename(path))

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return [new for made in pool.map(one, paths) for new in made]


def regrouped(path, parent, name):
    os.makedirs(parent, exist_ok=True)
    new = os.path.join(parent, name)
    pq.write_table(pq.ParquetFile(path).read(), new, row_group_size=7_777, compression="snappy")
    return [new]


def halved(path, parent, name):
    """Cuts a file in two, with the same rows in the same order."""
    table, made = pq.ParquetFile(path).read(), []
    for half, (start, length) in {"a": (0, len(table) // 3), "b": (len(table) // 3, len(table))}.items():
        os.makedirs(os.path.join(parent, half), exist_ok=True)
        made.append(os.path.join(parent, half, name))
        pq.write_table(table.slice(start, length), made[-1])
    return made


def same_bytes(program, title, items, names, source, paths, first, *flags):
    """Runs again in every other way. first is the folder of the first run."""
    want = digests(first, names)
    cut = copies(paths, program.folder(), regrouped)
    halves = copies(paths, program.folder(), halved)
    ways = [
        ("direct, 1 core", source, ["--runner=direct"], 1),
        ("direct, 2 cores", source, ["--runner=direct"], 2),
        ("prism, 1 core", source, ["--runner=prism"], 1),
        ("prism, 2 cores", source, ["--runner=prism"], 2),
        ("direct, files in reverse", ",".join(reversed(paths)), ["--runner=direct"], None),
        ("prism, files in reverse", ",".join(reversed(paths)), ["--runner=prism"], None),
        ("direct, other row groups", ",".join(cut), ["--runner=direct"], None),
        ("direct, --same-month=merge", ",".join(halves), ["--runner=direct", "--same-month=merge"], None),
        ("prism, --same-month=merge", ",".join(reversed(halves)), ["--runner=prism", "--same-month=merge"], None),
    ]
    for way, input_, more, cores in ways:
        out = program.tables(items, input_, *flags, *more, cores=cores)
        if out is not None:
            other = sorted(name for name, digest in digests(out, names).items() if digest != want[name])
            if other:
                program.wrong.append(f"{title}: other bytes with {way}: {', '.join(other)}")
    return len(ways)


# The self-test: a comparison must notice each damage.


def change(table, column, new):
    values = table.column(column).to_pylist()
    values[0] = new(values[0])
    return table.set_column(table.schema.get_field_index(column), table.schema.field(column), pa.array(values, table.schema.field(column).type))


DAMAGES = [
    ("a count off by one", lambda t: change(t, "trips", lambda v: v + 1)),
    ("an average off by 1e-8", lambda t: change(t, "minutes", lambda v: v * (1 + 1e-8))),
    ("a sum off by a millionth", lambda t: change(t, "revenue", lambda v: v.next_plus(reference.decimal.Context(prec=len(v.as_tuple().digits))))),
    ("a sum that is null", lambda t: change(t, "revenue", lambda v: None)),
    ("two rows swapped", lambda t: t.take([1, 0, *range(2, len(t))])),
    ("a row dropped", lambda t: t.slice(1)),
    ("a column of another type", lambda t: t.set_column(0, "taxi", t.column(0).cast(pa.large_string()))),
    ("a column of another name", lambda t: t.rename_columns(["taxis", *t.column_names[1:]])),
]


def self_test(table, sql):
    columns, rows = reference.ask(reference.told(sql))
    out = [f"self-test: a table as it was: found {found}" for found in reference.differences(table, columns, rows)]
    return out + [f"self-test: {what}: no difference was found" for what, damage in DAMAGES if not reference.differences(damage(table), columns, rows)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--data", default=os.environ.get("TRIPSTATS_DATA", "../shared/data"), help="the folder of real data; it is left out if it is not there")
    parser.add_argument("--questions", action="append", default=[], help="a further file of tables")
    parser.add_argument("--only", help="inputs that have this word in their title")
    args = parser.parse_args()

    data = os.path.abspath(args.data)
    beside = os.path.join(data, "..", "query", "questions.sql")
    if not os.path.exists(beside):
        print(f"queries: SKIPPED: no {os.path.normpath(beside)}", file=sys.stderr)
    own, others = os.path.join(HERE, "questions.sql"), [*[beside] * os.path.exists(beside), *args.questions]
    edges = None
    with tempfile.TemporaryDirectory() as scratch:
        program = Program(os.path.abspath(args.tripstats), scratch)
        edges = os.path.join(scratch, "edges")
        subprocess.run([sys.executable, os.path.join(HERE, "edges.py"), edges], check=True)
        # The title, the pattern, the qualities; with "bytes" the runs in other ways too.
        inputs = [
            ("the sample", os.path.join(HERE, "..", "sample", "*.parquet"), ["raw", "standard"]),
            ("edges of every rule", os.path.join(edges, "*.parquet"), ["standard"]),
        ]
        if os.path.isdir(os.path.join(data, "wild")):
            inputs.append(("real trips of for-hire vehicles", os.path.join(data, "wild", "fhv*_tripdata_2020-04.parquet"), ["raw", "standard"]))
        if os.path.isdir(os.path.join(data, "raw_data")):
            inputs.append(("real months", os.path.join(data, "raw_data", "**", "*.parquet"), ["raw", "standard"]))
        else:
            print(f"queries: SKIPPED: real data: no folder {data}/raw_data (TRIPSTATS_DATA says where)", file=sys.stderr)
        questions = read(own)
        lists = [("the library and questions.sql", [*LIBRARY, own], library(program) | questions)]
        lists += [(os.path.relpath(f), [os.path.abspath(f)], read(f)) for f in others]
        for title, pattern, qualities in inputs:
            if args.only and args.only not in title:
                continue
            pattern = os.path.abspath(pattern)
            paths = sorted(glob.glob(pattern, recursive=True))
            for quality in qualities:
                about, flags = f"{title}, {quality}", [f"--quality={quality}"]
                counted = trips.raw(paths) if quality == "raw" else trips.standard([pattern])
                print(f"== {about}: {counted:,} trips counted")
                before = len(program.wrong)
                for name, items, selects in lists:
                    out = program.tables(items, pattern, *flags)
                    if out is None:
                        continue
                    rows = compare(program, about, out, selects)
                    print(f"{len(selects):>12,} tables of {name}, {rows:,} rows, as DuckDB computes them")
                    if own in items and title != "edges of every rule":
                        ways = same_bytes(program, about, items, list(selects), pattern, paths, out, *flags)
                        print(f"             same bytes in {ways} other ways")
                    if own in items and title == "the sample":
                        program.wrong += self_test(pq.read_table(path_of(out, "hours")), selects["hours"])
                        print(f"{len(DAMAGES) + 1:>12,} cases of the self-test")
                asked = ANSWERS + [sql for sql in questions.values() if title == "the sample"]
                answers(program, about, pattern, asked, *flags)
                print(f"{len(asked):>12,} answers of tripstats query, in four forms")
                if len(program.wrong) > before:
                    print(f"             {len(program.wrong) - before} DIFFERENCES")
        most = 40
        for line in program.wrong[:most]:
            print(f"queries: {line}", file=sys.stderr)
        if len(program.wrong) > most:
            print(f"queries: and {len(program.wrong) - most:,} differences more", file=sys.stderr)
        for message, n in program.failures.items():
            if n > 2:
                print(f"queries: {n} runs failed like this: {message.splitlines()[0]}", file=sys.stderr)
        sys.exit(1 if program.wrong else 0)


if __name__ == "__main__":
    main()
