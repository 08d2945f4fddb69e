"""What the peers written in Python share: how they are called, and what they print.

    PEER FORM THREADS OUT FILE...     writes OUT/trip_stats/trip_stats.parquet and OUT/location_stats/location_stats.parquet

A peer prints the wall and the CPU seconds of the job, without the start of Python and the import of its library.
"""

import gzip
import os
import re
import sys
import time

TABLES = ("trip_stats", "location_stats")
NAMES = ("zone", "borough")  # columns of location_stats that peers leave out: no trip decides them


def taxi(files):
    return re.match("yellow|green|fhvhv", os.path.basename(files[0]))[0]


def times(files):
    """Returns the names of the columns with the times of pickup and dropoff."""
    prefix = {"yellow": "tpep_", "green": "lpep_", "fhvhv": ""}[taxi(files)]
    return f"{prefix}pickup_datetime", f"{prefix}dropoff_datetime"


# What passengers pay for a trip of fhvhv. A null adds nothing.
PAID = ["base_passenger_fare", "tolls", "bcf", "sales_tax", "congestion_surcharge", "airport_fee", "cbd_congestion_fee", "tips"]

# The columns that the job reads of a CSV file, and what they are. All others are text that nobody looks at.
TYPES = {"passenger_count": "BIGINT", "trip_distance": "DOUBLE", "PULocationID": "INTEGER", "DOLocationID": "INTEGER",
         "total_amount": "DOUBLE", "tip_amount": "DOUBLE"}


def is_text(files):
    return not files[0].endswith(".parquet")


def names(file):
    """Returns the names of the columns of a CSV file."""
    with (gzip.open if file.endswith(".gz") else open)(file, "rt", encoding="utf-8") as f:
        return f.readline().strip().split(",")


def table_path(out, table):
    """Returns the path of a table and makes its folder."""
    os.makedirs(os.path.join(out, table), exist_ok=True)
    return os.path.join(out, table, f"{table}.parquet")


def arguments():
    """Returns the form, the number of threads, the output and the files."""
    form, threads, out, *files = sys.argv[1:]
    return form, int(threads), out, files


def run(forms):
    form, threads, out, files = arguments()
    wall, cpu = time.monotonic(), time.process_time()
    forms[form](threads, out, files)
    print(time.monotonic() - wall, time.process_time() - cpu, flush=True)
    # The time to unload a library is not part of the job.
    os._exit(0)
