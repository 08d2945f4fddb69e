"""Functions that the benchmarks share: generating files, and measuring a program."""

import collections
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

# 24 months across the eras, because all months would fill a disk. The last is ZSTD and the others are GZIP, like TLC's own.
MONTHS = [f"{year}-{month}" for year in range(2014, 2024) for month in ("01", "07")] + ["2015-04", "2017-04", "2019-04", "2021-04"]

HERE = os.path.dirname(os.path.abspath(__file__))


def published():
    """Returns the months of 2014 to 2023 and the rows that TLC published for each."""
    with open(os.path.join(HERE, "published_rows.csv"), encoding="ascii") as f:
        rows = (line.split(",") for line in f if line[0].isdigit())
        return {month: int(n) for month, n in rows}


def decade(months):
    """Returns the first months of the decade, whose files all sets of it share."""
    return "decade", dict(list(published().items())[:months]), []


# CSV as TLC published it. The months are of one form.
CSV_MONTHS = ["2019-01", "2019-04", "2019-07", "2019-10"]
CSV = ["--text", "published", "--format", "csv"]

# 24 months from the first of 2021 on, the first year in which all columns have values.
FHVHV_MONTHS = [f"{year}-{month:02}" for year in (2021, 2022, 2023, 2024) for month in range(1, 13, 2)]

# Name of a set: the folder in the cache, the rows of each month, and additional flags of the generator.
SETS = {
    "tlc": ("tlc", dict.fromkeys(MONTHS, 3_000_000), []),
    "tlc-green": ("tlc", dict.fromkeys(MONTHS, 1_000_000), ["--taxi", "green"]),
    "snappy": ("snappy", dict.fromkeys(MONTHS, 3_000_000), ["--codec", "snappy"]),
    "month": ("tlc", {"2019-07": 3_000_000}, []),
    "one14m": ("one14m", {"2014-05": 14_000_000}, []),
    **{f"decade-{n}": decade(n) for n in (1, 6, 24, 60, 120)},
    "csv": ("csv", dict.fromkeys(CSV_MONTHS, 3_000_000), CSV),
    "csv-month": ("csv-month", {"2019-07": 1_000_000}, CSV),
    "csv-gz": ("csv-gz", dict.fromkeys(CSV_MONTHS, 3_000_000), [*CSV[:-1], "csv.gz"]),
    "fhvhv": ("fhvhv", dict.fromkeys(FHVHV_MONTHS, 3_000_000), ["--taxi", "fhvhv"]),
    "fhvhv-month": ("fhvhv-month", {"2023-07": 1_000_000}, ["--taxi", "fhvhv"]),
}

# The sets that only some peers read: the names of these peers. MOST is how much of the fastest DuckDB's wall time tripstats may take.
READERS = {
    **dict.fromkeys(["csv", "csv-month", "csv-gz"], ["duckdb", "polars"]),
    **dict.fromkeys(["fhvhv", "fhvhv-month"], ["duckdb"]),
}
MOST = {"csv": 0.7, "fhvhv": 0.4}

# Published months, not made by the generator.
REAL = "green"


def files(name):
    """Returns the files of a set. They are made once and stay in the cache folder; real ones are just there, or not."""
    if name == REAL:
        data = os.environ.get("TRIPSTATS_DATA", "../shared/data")
        return sorted(glob.glob(os.path.join(os.path.abspath(data), "raw_data", "green", "**", "*.parquet"), recursive=True))
    cache = os.environ.get("TRIPSTATS_BENCH_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tripstats-bench")
    subfolder, months, flags = SETS[name]
    folder = os.path.join(cache, subfolder)
    taxi = flags[flags.index("--taxi") + 1] if "--taxi" in flags else "yellow"
    form = flags[flags.index("--format") + 1] if "--format" in flags else "parquet"
    paths = {m: os.path.join(folder, taxi, m[:4], f"{taxi}_tripdata_{m}.{form}") for m in sorted(months)}
    missing = [m for m, path in paths.items() if not os.path.exists(path)]
    if missing:
        print(f"bench: making {len(missing)} files in {folder}, once: {sum(months[m] for m in missing):,} rows,"
              " half a million a second and core", file=sys.stderr)
        with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            gen = os.environ.get("TRIPSTATS_BENCH_GEN")  # the generator, where there is no Go
            if not gen:
                gen = os.path.join(scratch, "gen")
                subprocess.run(["go", "build", "-o", gen, "./testdata/gen"], check=True)

            def make(month):
                subprocess.run([gen, "--months", month, "--rows", str(months[month]), "--out", folder, *flags], check=True,
                               env={**os.environ, "GOMAXPROCS": "1"})

            list(pool.map(make, missing))
    return list(paths.values())


def warm(paths):
    """Reads files, so that they are in the system's cache for the first program too."""
    for path in paths:
        with open(path, "rb", buffering=0) as f:
            while f.read(1 << 20):
                pass


# wall: seconds of the job; cpu: its user and system seconds; user: its user seconds; process: seconds of the whole process; rss: MiB; others: the share
# of all cores that other programs took meanwhile.
Measure = collections.namedtuple("Measure", "wall cpu user process rss others stdout")

QUIET = 0.05  # the largest share of all cores that other programs may take for a measurement to count


def busy():
    """Returns the seconds that all cores have worked since the machine started; 0 if the system does not say."""
    try:
        with open("/proc/stat", encoding="ascii") as f:
            user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
    except OSError:
        return 0
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(most=120):
    """Waits until the cores have been idle for two seconds, or for most seconds."""
    end, calm = time.monotonic() + most, 0
    while calm < 2 and time.monotonic() < end:
        before = busy()
        time.sleep(1)
        calm = calm + 1 if busy() - before <= QUIET * os.cpu_count() else 0


def keeps_to(cores):
    """Tells whether on_cores can limit a program to so many cores."""
    return cores >= os.cpu_count() or bool(shutil.which("taskset"))


def on_cores(argv, cores):
    """Returns argv limited to the first cores, if the machine has more cores and the system can limit a program."""
    if cores < os.cpu_count() and keeps_to(cores):
        return ["taskset", "-c", f"0-{cores - 1}", *argv]
    return argv


def measure(argv, env=None):
    """Runs a program and measures its process. It ends this one if the program fails.

    The peak of a child starts at what its parent holds as it forks (Linux), so nothing large is imported here.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        before, start = busy(), time.monotonic()
        child = subprocess.Popen(argv, stdout=stdout, stderr=stderr, env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(child.pid, 0)
        wall, cpu = time.monotonic() - start, usage.ru_utime + usage.ru_stime
        others = max(0, busy() - before - cpu) / wall / os.cpu_count()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            stderr.seek(0)
            sys.exit(f"bench: {' '.join(argv)[:300]}: exit code {child.returncode}\n{stderr.read().decode()}")
        stdout.seek(0)
        return Measure(wall, cpu, usage.ru_utime, wall, usage.ru_maxrss / 1024, others, stdout.read().decode())


def repeat(rounds, once, disturbed):
    """Calls once until there are enough rounds in which others were quiet, up to three times as often.

    Returns the quietest rounds and a note on them. disturbed tells the share of the cores that others took in a round.
    """
    done = []
    while len(done) < 3 * rounds and sum(disturbed(r) <= QUIET for r in done) < rounds:
        done.append(once(len(done)))
    kept = sorted(done, key=disturbed)[:rounds]
    return kept, f"{rounds} rounds of {len(done)}, others took at most {max(map(disturbed, kept)):.0%}"


def tripstats(binary, runner, paths, out, quality="raw"):
    return [binary, f"--runner={runner}", f"--quality={quality}", f"--input={','.join(paths)}", f"--output={out}"]
