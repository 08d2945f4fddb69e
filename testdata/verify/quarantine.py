"""The part of standard.py that checks the rows in quarantine."""

import collections
import glob
import os
import shutil
import tempfile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from shared import busy, change, label, quoted


class Quarantine:
    """Checks that the rows in a quarantine folder are those to which rules apply, with the values of their source."""

    COLUMNS = {"source", "row_number", "rule"}  # before the source's own

    def __init__(self, folder):
        self.folder = folder
        self.rows = 0
        self.wrong = []

    def check(self, expected):
        files = sorted(glob.glob(os.path.join(self.folder, "rows", "**", "*.parquet"), recursive=True))
        fired = collections.Counter()
        for (_, source, _, rule, scope), rows in expected.ledger.items():
            if scope != "file":
                fired[source, rule] += rows
        found, of = {}, collections.defaultdict(list)
        if files:
            kept = f"read_parquet({files}, union_by_name = true, filename = true)"
            found = {(s, r): n for s, r, n in duckdb.execute(f"SELECT source, rule, count(*) FROM {kept} GROUP BY ALL").fetchall()}
            for source, file in duckdb.execute(f"SELECT DISTINCT source, filename FROM {kept} ORDER BY ALL").fetchall():
                of[source].append(file)
        for key in sorted(fired.keys() | found.keys()):
            n = found.get(key, 0)
            self.rows += n
            if n != fired[key]:
                self.wrong.append(f"quarantine: {label(key)}: found {n} rows, the ledger has {fired[key]}")
        for source in expected.sources:
            if of[source.name]:
                self.check_rows(expected, source, of[source.name])
        return self.wrong

    def check_rows(self, expected, source, files):
        kept = f"(SELECT * FROM read_parquet({files}, union_by_name = true) WHERE source = {quoted(source.name)})"
        names = [row[0] for row in duckdb.execute(f"DESCRIBE {kept}").fetchall()]
        columns = [name for name in names if name not in self.COLUMNS]
        if {name.lower() for name in columns} != source.read_columns() or not self.COLUMNS < set(names):
            self.wrong.append(f"quarantine: {source.name}: columns {names}, expected those of {sorted(source.read_columns())}")
            return
        rules = expected.rules(source)
        have = f"SELECT row_number, rule FROM {kept}"
        for what, sql in [("kept without reason", f"{have} EXCEPT ALL {rules}"), ("not kept", f"{rules} EXCEPT ALL {have}")]:
            for number, rule in duckdb.execute(f"{sql} ORDER BY ALL LIMIT 3").fetchall():
                self.wrong.append(f"quarantine: {source.name}: row {number}: {rule}: {what}")
        other = " OR ".join(f'k."{name}" IS DISTINCT FROM s."{name}"' for name in columns)
        for number, rule in duckdb.execute(f"""
                SELECT row_number, rule
                FROM {kept} k LEFT JOIN read_parquet({quoted(source.path)}, file_row_number = true) s ON row_number = file_row_number
                WHERE {other} ORDER BY ALL LIMIT 3""").fetchall():
            self.wrong.append(f"quarantine: {source.name}: row {number}: {rule}: not as the source has it")


# The self-test: the check for each damage must notice it.


def has_distance(row):
    return row["trip_distance"] is not None


DAMAGES = [  # to a file in quarantine
    ("a row out of quarantine", "the ledger has", lambda t: t.slice(1)),
    ("a row twice in quarantine", "the ledger has", lambda t: pa.concat_tables([t, t.slice(0, 1)])),
    ("a row in quarantine by another rule", "kept without reason", lambda t: change(t, "rule", busy("rule"), lambda _: "no_such_rule")),
    ("a row in quarantine by another number", "not kept", lambda t: change(t, "row_number", busy("rule"), lambda n: n + 10**6)),
    ("a row in quarantine of another source", "the ledger has", lambda t: change(t, "source", busy("rule"), lambda s: "x/" + s)),
    ("another value in quarantine", "not as the source has it", lambda t: change(t, "trip_distance", has_distance, lambda v: v + 1)),
    ("a null for a value in quarantine", "not as the source has it", lambda t: change(t, "trip_distance", has_distance, lambda _: None)),
    ("a column out of quarantine", "columns", lambda t: t.drop_columns(["trip_distance"])),
    ("a file in quarantine written anew as it was", None, lambda t: t),
]


def self_test(folder, expected):
    """Returns a line for each damage that goes unnoticed. It damages the first file that has the needed rows."""
    unnoticed = []
    for what, sign, damage in DAMAGES:
        with tempfile.TemporaryDirectory() as scratch:
            copy = shutil.copytree(folder, os.path.join(scratch, "kept"))
            found = ["the quarantine has nothing to do it to; take larger files"]
            for path in sorted(glob.glob(os.path.join(copy, "rows", "**", "*.parquet"), recursive=True)):
                table = pq.read_table(path, partitioning=None)
                if "trip_distance" in table.column_names and table["trip_distance"].null_count < len(table):
                    pq.write_table(damage(table), path)
                    found = Quarantine(copy).check(expected)
                    break
        if found if sign is None else not any(sign in line for line in found):
            unnoticed.append(f"self-test: {what}: expected {sign!r} in the differences, found {found[:5]}")
    return unnoticed
