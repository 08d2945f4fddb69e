"""Reads Delta tables and partitioned folders that other programs have written: tables.py TRIPSTATS [--count N] [--seed N]

delta-rs writes each table in random steps: appends, overwrites, deletes, compaction, checkpoints, with partitions and without. Then it
reads the latest version, which is written to one plain parquet file. tripstats must give the same tables of both. Folders with keys are
written by pyarrow, and compared in the same way. The exit code is 0 if all are equal, otherwise 1.
"""

import argparse
import datetime
import os
import random
import shutil
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

PARTITIONS = [[], [], ["PULocationID"], ["store_and_fwd_flag"], ["year", "month"], ["year", "month", "store_and_fwd_flag"], ["tip_amount"], ["year", "month", "payment_type"]]


def trips(r, rows):
    """Returns made-up trips of yellow taxis of two months."""
    start = datetime.datetime(2019, 8, 1)
    pickups = [start + datetime.timedelta(seconds=r.randrange(61 * 86_400)) for _ in range(rows)]
    some = lambda value: None if r.random() < 0.1 else value
    return pa.table({
        "tpep_pickup_datetime": pa.array(pickups, pa.timestamp("us")),
        "tpep_dropoff_datetime": pa.array([p + datetime.timedelta(seconds=r.randrange(60, 3_600)) for p in pickups], pa.timestamp("us")),
        "PULocationID": pa.array([some(r.choice([7, 132, 264])) for _ in pickups], pa.int32()),
        "DOLocationID": pa.array([r.randrange(1, 266) for _ in pickups], pa.int32()),
        "store_and_fwd_flag": pa.array([some(r.choice(["Y", "N"])) for _ in pickups]),
        "payment_type": pa.array([r.randrange(1, 3) for _ in pickups], pa.int64()),
        "passenger_count": pa.array([some(float(r.randrange(1, 5))) for _ in pickups]),
        "trip_distance": pa.array([r.randrange(3_000) / 100 for _ in pickups]),
        "total_amount": pa.array([r.randrange(-500, 9_000) / 100 for _ in pickups]),
        "tip_amount": pa.array([some(r.randrange(0, 5) / 4) for _ in pickups]),
        "year": pa.array([p.year for p in pickups], pa.int32()),
        "month": pa.array([p.month for p in pickups], pa.int32()),
    })


def delta(r, folder):
    """Writes a table in random steps and returns its latest version and what was done."""
    by = r.choice(PARTITIONS)
    done = [f"partitions {','.join(by) or 'none'}"]
    for step in range(r.randrange(1, 16)):
        kind = "append" if step == 0 else r.choice(["append", "append", "append", "overwrite", "delete", "optimize", "checkpoint", "vacuum"])
        if kind in ("append", "overwrite"):
            write_deltalake(folder, trips(r, r.randrange(1, 200)), mode=kind, partition_by=by or None)
        else:
            table = DeltaTable(folder)
            if kind == "delete":
                table.delete(r.choice(["total_amount < 10", "\"PULocationID\" = 7", "month = 8", "store_and_fwd_flag = 'Y'"]))
            elif kind == "optimize":
                table.optimize.compact()
            elif kind == "checkpoint":
                table.create_checkpoint()
                if r.random() < 0.5:
                    table.cleanup_metadata()
            else:
                table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
        done.append(kind)
    latest = DeltaTable(folder)
    return latest.to_pyarrow_table(), done + [f"{len(latest.file_uris())} files", f"version {latest.version()}"]


def folders(r, folder):
    """Writes a folder with keys and returns its rows and what was done."""
    by = r.choice(PARTITIONS[2:])
    table = trips(r, r.randrange(1, 2_000))
    ds.write_dataset(table, folder, format="parquet", partitioning=by, partitioning_flavor="hive", max_rows_per_file=100, max_rows_per_group=50)
    return table, [f"keys {','.join(by)}"]


def results(tripstats, source, out):
    """Returns the tables of a run with the counts of trips, or its exit code."""
    shutil.rmtree(out, ignore_errors=True)
    run = subprocess.run([tripstats, "--quality=raw", f"--input={source}", f"--output={out}"], capture_output=True, text=True)
    if run.returncode:
        return run.stderr
    return [pq.read_table(f"{out}/{t}/{t}.parquet") for t in ("trip_stats", "location_stats")]


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("tripstats")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    wrong, read = 0, 0
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(args.count):
            r = random.Random(f"{args.seed} {i}")
            folder, plain, out = f"{scratch}/data{i}", f"{scratch}/plain.parquet", f"{scratch}/out"
            table, done = (delta if i % 4 else folders)(r, folder)
            if table.num_rows == 0:
                continue
            pq.write_table(table, plain)
            found, expected = results(args.tripstats, folder, out), results(args.tripstats, plain, out)
            read += 1
            if isinstance(found, str) or isinstance(expected, str) or not all(f.equals(e) for f, e in zip(found, expected)):
                wrong += 1
                kept = os.path.join(tempfile.gettempdir(), f"tripstats_table_{args.seed}_{i}")
                shutil.copytree(folder, kept, dirs_exist_ok=True)
                print(f"verify: table {i} ({', '.join(done)}): found {found}, expected {expected}; kept in {kept}", file=sys.stderr)
            shutil.rmtree(folder)
    print(f"             {read} tables and folders of other writers, {wrong} differ")
    sys.exit(1 if wrong or not read else 0)


main()
