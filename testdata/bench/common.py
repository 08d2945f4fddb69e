"""What the benchmarks share: the generated files, and how a program is measured."""

import collections
import os
import subprocess
import sys
import tempfile
import time

# 24 months across the eras, as every one would be 3 GB. All but the last are GZIP, as TLC's own are; it is ZSTD.
MONTHS = [f"{year}-{month}" for year in range(2014, 2024) for month in ("01", "07")] + ["2015-04", "2017-04", "2019-04", "2021-04"]

# Name of a set: its months and the generator's flags.
SETS = {
    "tlc": (MONTHS, ["--rows", "3000000"]),
    "snappy": (MONTHS, ["--rows", "3000000", "--codec", "snappy"]),
    "one14m": (["2014-05"], ["--rows", "14000000"]),
}


def files(name):
    """Returns the files of a set. They are made once and stay in the cache folder."""
    cache = os.environ.get("TRIPSTATS_BENCH_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tripstats-bench")
    folder = os.path.join(cache, name)
    months, flags = SETS[name]
    paths = [os.path.join(folder, "yellow", m[:4], f"yellow_tripdata_{m}.parquet") for m in sorted(months)]
    if not all(map(os.path.exists, paths)):
        print(f"bench: making {folder}, once; this takes minutes", file=sys.stderr)
        subprocess.run(["go", "run", "./testdata/gen", "--months", ",".join(months), "--out", folder, *flags], check=True)
    return paths


# Seconds, seconds of user and system, MiB; others is the share of all cores that other programs took meanwhile.
Measure = collections.namedtuple("Measure", "wall cpu rss others stdout")

QUIET = 0.05  # of all cores: the most that others may take for a figure to count


def busy():
    """Returns the seconds that all cores have worked since the machine started; 0 where the system does not say."""
    try:
        with open("/proc/stat", encoding="ascii") as f:
            user, nice, system, _, _, irq, softirq, steal = map(int, f.readline().split()[1:9])
    except OSError:
        return 0
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(most=120):
    """Waits until other programs leave the cores alone, for two seconds on end, or for most seconds."""
    end, calm = time.monotonic() + most, 0
    while calm < 2 and time.monotonic() < end:
        before = busy()
        time.sleep(1)
        calm = calm + 1 if busy() - before <= QUIET * os.cpu_count() else 0


def measure(argv):
    """Runs a program and measures its process. It ends this one if the program fails.

    The peak of a child starts at what its parent holds as it forks (Linux), so nothing large is imported here.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        before, start = busy(), time.monotonic()
        child = subprocess.Popen(argv, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(child.pid, 0)
        wall, cpu = time.monotonic() - start, usage.ru_utime + usage.ru_stime
        others = max(0, busy() - before - cpu) / wall / os.cpu_count()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            stderr.seek(0)
            sys.exit(f"bench: {' '.join(argv)[:300]}: exit code {child.returncode}\n{stderr.read().decode()}")
        stdout.seek(0)
        return Measure(wall, cpu, usage.ru_maxrss / 1024, others, stdout.read().decode())


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
