"""What the peers written in Python share: how they are called, and what they print.

    PEER FORM THREADS OUT FILE...     writes OUT/trip_stats/trip_stats.parquet and OUT/location_stats/location_stats.parquet

A peer prints the wall and the CPU seconds of the job, without the start of Python and the import of its library.
"""

import os
import re
import sys
import time

TABLES = ("trip_stats", "location_stats")


def taxi(files):
    return re.match("yellow|green|fhvhv", os.path.basename(files[0]))[0]


def times(files):
    """Returns the names of the columns with the times of pickup and dropoff."""
    prefix = {"yellow": "tpep_", "green": "lpep_", "fhvhv": ""}[taxi(files)]
    return f"{prefix}pickup_datetime", f"{prefix}dropoff_datetime"


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
