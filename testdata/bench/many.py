"""Time and memory over many small files, beside DuckDB: many.py BINARY GENERATOR [--files 1000,10000,20000] [--rounds 3]

The files have 60 rows each and are months of ten years, in folders by year and month. Each program is a process of its own; the
programs take turns. Then tripstats runs with one new file, and then with nothing new."""

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))


def make(generator, folder, count):
    """Makes files of 120 months each, until there are enough."""
    made, seed = 0, 0
    while made < count:
        seed += 1
        new = os.path.join(folder, "new")
        subprocess.run([generator, "--out", new, "--months", "2014-01..2023-12", "--rows", "60", "--seed", str(seed), "--flat", "--quiet"], check=True)
        for name in sorted(os.listdir(new)):
            if made < count:
                year, month = re.search(r"(\d{4})-(\d\d)", name).groups()
                to = os.path.join(folder, year, month)
                os.makedirs(to, exist_ok=True)
                os.rename(os.path.join(new, name), os.path.join(to, f"part-{seed:04}_{name}"))
                made += 1
        shutil.rmtree(new)


def timed(command):
    """Returns wall and CPU seconds of a process, and what it wrote."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), os.times().elapsed
    p = subprocess.run(command, capture_output=True, text=True)
    if p.returncode:
        sys.exit(p.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return os.times().elapsed - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, p.stdout + p.stderr


DUCKDB = """
import glob, resource, sys
sys.path.insert(0, sys.argv[1])
import duckdb_peer, peer
peer.taxi = lambda files: "yellow"
duckdb_peer.FORMS["one-group-by"](int(sys.argv[3]), sys.argv[4], sorted(glob.glob(sys.argv[2] + "/**/*.parquet", recursive=True)))
print("peak_memory_mib=%d" % (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10))
"""


def main():
    args = argparse.ArgumentParser()
    args.add_argument("binary")
    args.add_argument("generator")
    args.add_argument("--files", default="1000,10000,20000")
    args.add_argument("--rounds", type=int, default=3)
    a = args.parse_args()
    print(f"{'files':>6} {'program':<22} {'wall s':>7} {'CPU s':>7} {'MiB':>5}")
    for count in [int(n) for n in a.files.split(",")]:
        with tempfile.TemporaryDirectory() as top:
            data, out = os.path.join(top, "data"), os.path.join(top, "out")
            make(a.generator, data, count)
            ours = [a.binary, f"--input={data}/**/*.parquet", "--same-month=merge", f"--output={out}"]
            duckdb = [sys.executable, "-c", DUCKDB, FOLDER, data, str(os.cpu_count()), os.path.join(top, "duckdb")]
            took = {}

            def run(name, command):
                wall, cpu, text = timed(command)
                took.setdefault(name, []).append((wall, cpu, int(re.search(r"peak_memory_mib=(\d+)", text)[1])))

            for _ in range(a.rounds):
                shutil.rmtree(out, ignore_errors=True)
                run("tripstats", ours)
                run("DuckDB", duckdb)
                make(a.generator, os.path.join(data, "one"), 1)
                time.sleep(3)  # results of a file that changed less than two seconds ago are not kept
                run("tripstats, one new", ours)
                run("tripstats, nothing new", ours)
                shutil.rmtree(os.path.join(data, "one"))
            for name, list_ in took.items():
                wall, cpu, mib = (statistics.median(x) for x in zip(*list_))
                print(f"{count:>6} {name:<22} {wall:>7.2f} {cpu:>7.2f} {mib:>5.0f}", flush=True)


if __name__ == "__main__":
    main()
