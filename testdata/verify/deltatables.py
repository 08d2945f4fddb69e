"""Has others read the tables that tripstats writes with --format=delta: deltatables.py TRIPSTATS [--spark JARS] [--golden DIR]

An output grows month by month in both formats. delta-rs, Polars and, with --spark, Spark with Delta Lake must see in each version the rows of
the parquet output, decimals, dates and times included. Between two versions they append, delete, compact and remove unused files: a run then
stops, or goes on, as the documents say. The same with copies of the golden tables in the way. The exit code is 0 if all is as expected,
otherwise 1. --spark is a folder with the jars of Spark and Delta Lake; DIR is by default the folder delta of the real data, if it is there.
"""

import argparse
import contextlib
import decimal
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

HERE = os.path.dirname(os.path.abspath(__file__))
SCRATCH = tempfile.mkdtemp(prefix="tripstats-delta-")
TABLE = "location_stats"

# A table with every type that a table can have.
EVERY_TYPE = """SELECT taxi, pickup_date, count(*) AS trips, sum(total_amount) AS amount, avg(trip_distance) AS distance, min(pickup_datetime) AS first_pickup,
  max(total_amount) AS largest, PULocationID = 132 AS airport, PULocationID AS place FROM trips
  GROUP BY taxi, pickup_date, airport, place"""

wrong = []


def expect(ok, text):
    if not ok:
        wrong.append(text)
        print(f"deltatables: {text}", file=sys.stderr)


def run(tripstats, inputs, out, *flags):
    """Runs tripstats and returns its exit code and stderr."""
    done = subprocess.run([tripstats, "--input=" + ",".join(inputs), f"--output={out}", *flags], capture_output=True, text=True)
    return done.returncode, done.stderr


def succeed(*args):
    code, err = run(*args)
    if code != 0:
        sys.exit(f"deltatables: exit code {code} of {args}: {err}")


def manifest(out):
    with open(os.path.join(out, "_manifest.json"), encoding="utf-8") as f:
        return json.load(f)


def plain_table(out, name):
    return pq.read_table(os.path.join(out, name, name + ".parquet"))


def nullable(schema):
    return [(f.name, f.type) for f in schema]


def same(title, got, want):
    """Compares two tables: columns, types and rows, in order."""
    expect(nullable(got.schema) == nullable(want.schema), f"{title}: found the columns {nullable(got.schema)}, expected {nullable(want.schema)}")
    expect(got.to_pylist() == want.to_pylist(), f"{title}: found {got.num_rows} rows that are not the {want.num_rows} expected")


def widened(table):
    """Returns a table of Polars as pyarrow reads it from parquet."""
    out = table.to_arrow()
    return out.cast(pa.schema([(f.name, pa.string() if pa.types.is_large_string(f.type) or pa.types.is_string_view(f.type) else f.type) for f in out.schema]))


class Spark:
    """Spark with Delta Lake, in a process that takes SQL line by line."""

    def __init__(self, jars):
        packages = ["java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util", "java.util.concurrent",
                    "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action", "sun.util.calendar"]
        opens = [f"--add-opens=java.base/{p}=ALL-UNNAMED" for p in packages]
        self.log = open(os.path.join(SCRATCH, "spark.log"), "w")
        self.process = subprocess.Popen(["java", "-Xmx1g", *opens, "-cp", os.path.join(jars, "*"), os.path.join(HERE, "spark", "DeltaSpark.java")],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def sql(self, text):
        self.process.stdin.write(" ".join(text.split()) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        while line and not line.startswith("["):  # VACUUM prints what it did
            line = self.process.stdout.readline()
        if not line:
            sys.exit(f"deltatables: Spark ended at {text}: {open(self.log.name).read()[-2000:]}")
        return json.loads(line, parse_float=decimal.Decimal)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


def as_spark(table):
    """Returns rows as Spark writes them as JSON."""
    def value(v):
        if v is None or isinstance(v, (bool, int, str)):
            return v
        if isinstance(v, float):
            return decimal.Decimal(repr(v))
        if isinstance(v, decimal.Decimal):
            return v
        return v.isoformat()
    return [{k: value(v) for k, v in row.items()} for row in table.to_pylist()]


def key(row):
    return sorted((k, str(v)) for k, v in row.items())


def equal_in_spark(spark, title, folder, version, want):
    got = spark.sql(f"SELECT * FROM delta.`{folder}` VERSION AS OF {version}")
    for row in got:
        for k, v in row.items():
            if isinstance(v, str) and "T" in v and want.schema.field(k).type == pa.timestamp("us"):
                row[k] = v.split(".")[0]
    expected = as_spark(want)
    for row in expected:
        for k, v in row.items():
            if want.schema.field(k).type == pa.timestamp("us") and v is not None:
                row[k] = v.split(".")[0]
    expect(sorted(map(key, got)) == sorted(map(key, expected)), f"{title}: Spark found {len(got)} rows that are not the {len(expected)} expected")


def versions_of(out, name):
    """Returns Delta's version of each version of the output that the log of a table has."""
    found = {}
    for path in sorted(glob.glob(os.path.join(out, name, "_delta_log", "*.json"))):
        with open(path, encoding="utf-8") as f:
            for line in f:
                action = json.loads(line)
                if "txn" in action and action["txn"]["appId"].startswith("tripstats/"):
                    found[action["txn"]["version"]] = int(os.path.basename(path)[:20])
    return found


def growing(tripstats, months, spark):
    """An output grows; a declared table joins it later, and one more version has a corrected month."""
    sql = os.path.join(SCRATCH, "every_type.sql")
    with open(sql, "w", encoding="utf-8") as f:
        f.write(EVERY_TYPE)
    out, plain = os.path.join(SCRATCH, "grow"), os.path.join(SCRATCH, "grow-plain")
    want = {}
    steps = [(1, []), (2, []), (2, [f"--tables=standard,{sql}"]), (len(months), [f"--tables=standard,{sql}"])]
    for n, (count, flags) in enumerate(steps, 1):
        succeed(tripstats, months[:count], plain, *flags)
        succeed(tripstats, months[:count], out, "--format=delta", *flags)
        expect(manifest(out)["commit"]["version"] == n, f"growing: found version {manifest(out)['commit']['version']}, expected {n}")
        want[n] = {o["table"]: plain_table(plain, o["table"]) for o in manifest(plain)["outputs"]}
    for n, tables in want.items():
        for name, rows in tables.items():
            folder, at = os.path.join(out, name), versions_of(out, name).get(n)
            title = f"{name}: version {n}, of Delta {at}"
            if at is None:
                expect(False, f"{title}: not in the log")
                continue
            same(f"{title}: delta-rs", pa.table(DeltaTable(folder, version=at).to_pyarrow_table()), rows)
            same(f"{title}: Polars", widened(pl.read_delta(folder, version=at)), rows)
            if spark:
                equal_in_spark(spark, title, folder, at, rows)
    # Only files of versions are there, and no copy.
    names = sorted(os.listdir(os.path.join(out, TABLE)))
    expect(len(names) == len(steps) + 1 and f"{TABLE}.parquet" not in names, f"growing: found {names}")
    return want


def between(tripstats, months, spark):
    """Others write to a table between two versions."""
    def append(folder):
        rows = DeltaTable(folder).to_pyarrow_table()
        write_deltalake(folder, rows.slice(0, 2), mode="append")

    def spark_append(folder):
        spark.sql(f"INSERT INTO delta.`{folder}` SELECT * FROM delta.`{folder}` LIMIT 2")

    def optimize(folder):
        DeltaTable(folder).optimize.z_order([DeltaTable(folder).to_pyarrow_table().column_names[0]])

    def checkpoint(folder):
        DeltaTable(folder).create_checkpoint()

    def several(folder):
        append(folder)
        optimize(folder)
        checkpoint(folder)

    cases = {
        "append": (append, 5), "delete": (lambda f: DeltaTable(f).delete(), 5), "optimize": (optimize, 0), "several": (several, 5),
        "vacuum": (lambda f: DeltaTable(f).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False), 0), "checkpoint": (checkpoint, 0),
        "a comment": (lambda f: DeltaTable(f).alter.set_table_description("of taxis"), 0),
        "a setting": (lambda f: DeltaTable(f).alter.set_table_properties({"delta.appendOnly": "true"}), 1),
    }
    if spark:
        cases["Spark appends"] = (spark_append, 5)
        cases["Spark compacts"] = (lambda f: (spark_append(f), spark.sql(f"OPTIMIZE delta.`{f}`")), 5)
        cases["Spark vacuums"] = (lambda f: spark.sql(f"VACUUM delta.`{f}`"), 0)
        cases["Spark adds a column"] = (lambda f: spark.sql(f"ALTER TABLE delta.`{f}` ADD COLUMNS (remark STRING)"), 0)
    plain = os.path.join(SCRATCH, "between-plain")
    succeed(tripstats, months[:2], plain)
    want = plain_table(plain, TABLE)
    for name, (change, code) in cases.items():
        out = os.path.join(SCRATCH, "between-" + name.replace(" ", "-"))
        folder = os.path.join(out, TABLE)
        succeed(tripstats, months[:1], out, "--format=delta")
        change(folder)
        before = manifest(out)
        got, err = run(tripstats, months[:2], out, "--format=delta")
        expect(got == code, f"{name}: found exit code {got}, expected {code}: {err}")
        if code == 5:
            expect("--existing=replace" in err and TABLE in err and manifest(out) == before, f"{name}: found {err}")
            succeed(tripstats, months[:2], out, "--format=delta", "--existing=replace")
        if code != 1:
            same(f"{name}: delta-rs", pa.table(DeltaTable(folder).to_pyarrow_table()), want)
            same(f"{name}: Polars", widened(pl.read_delta(folder)), want)
            if spark and (name.startswith("Spark") or name == "several"):
                equal_in_spark(spark, name, folder, DeltaTable(folder).version(), want)


def golden(tripstats, months, tables, spark):
    """Copies of golden tables are where a table will be."""
    plain = os.path.join(SCRATCH, "golden-plain")
    succeed(tripstats, months[:1], plain)
    want = plain_table(plain, TABLE)
    for path in sorted(glob.glob(os.path.join(tables, "*", "*"))):
        name = os.path.basename(path)
        out = os.path.join(SCRATCH, "golden-" + name)
        folder = os.path.join(out, TABLE)
        shutil.copytree(path, folder)
        # The logs of some of the others have no metadata, or no schema. delta-rs refuses these, too.
        refused = os.path.basename(os.path.dirname(path)) == "refuse" or name in (
            "data-reader-absolute-paths-escaped-chars", "canonicalized-paths-normal-a", "canonicalized-paths-special-b", "corrupted-last-checkpoint")
        code, err = run(tripstats, months[:1], out, "--format=delta")
        expect(code == (1 if refused else 5), f"{name}: found exit code {code}: {err}")
        code, err = run(tripstats, months[:1], out, "--format=delta", "--existing=replace")
        expect(code == (1 if refused else 0), f"{name}: replace: found exit code {code}: {err}")
        if code == 0:
            same(f"{name}: delta-rs", pa.table(DeltaTable(folder).to_pyarrow_table()), want)
            same(f"{name}: Polars", widened(pl.read_delta(folder)), want)
            if spark:
                equal_in_spark(spark, name, folder, DeltaTable(folder).version(), want)


def many(tripstats, months, spark):
    """After a hundred versions the log has a checkpoint."""
    out = os.path.join(SCRATCH, "many")
    for n in range(102):
        succeed(tripstats, months[:1], out, "--format=delta", "--reuse=false", "--keep-versions=3")
    folder = os.path.join(out, TABLE)
    logs = os.path.join(folder, "_delta_log")
    expect(len(glob.glob(os.path.join(logs, "*.checkpoint.parquet"))) == 1, f"many: found {sorted(os.listdir(logs))[-5:]}")
    data = [f for f in os.listdir(folder) if f.endswith(".parquet")]
    expect(len(data) == 3, f"many: found {len(data)} data files, expected 3")
    want = pq.read_table(os.path.join(out, next(o["path"] for o in manifest(out)["outputs"] if o["table"] == TABLE)))
    for path in glob.glob(os.path.join(logs, "*.json")):
        if int(os.path.basename(path)[:20]) < 99:
            os.remove(path)
    same("many: delta-rs", pa.table(DeltaTable(folder).to_pyarrow_table()), want)
    same("many: Polars", widened(pl.read_delta(folder)), want)
    if spark:
        equal_in_spark(spark, "many", folder, 101, want)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("tripstats")
    args.add_argument("--spark")
    args.add_argument("--golden", default=os.path.join(os.environ.get("TRIPSTATS_DATA", "../shared/data"), "delta"))
    args = args.parse_args()
    tripstats = os.path.abspath(args.tripstats)
    months = os.path.join(SCRATCH, "months")
    subprocess.run(["go", "run", "../gen", "--quiet", "--flat", "--out", months, "--taxi", "yellow", "--months", "2019-07,2019-08,2020-02", "--rows", "3000"], cwd=HERE, check=True)
    months = sorted(glob.glob(os.path.join(months, "*.parquet")))
    spark = Spark(args.spark) if args.spark else None
    with contextlib.closing(spark) if spark else contextlib.nullcontext():
        growing(tripstats, months, spark)
        between(tripstats, months, spark)
        if os.path.isdir(args.golden):
            golden(tripstats, months, args.golden, spark)
        else:
            print(f"deltatables: SKIPPED: golden tables: no folder {args.golden}")
        many(tripstats, months, spark)
    shutil.rmtree(SCRATCH)
    if wrong:
        sys.exit(1)
    print(f"deltatables: delta-rs, Polars{' and Spark' if spark else ''} read what the parquet output has")


if __name__ == "__main__":
    main()
