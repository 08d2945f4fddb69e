"""The programs that the benchmarks compare, and how each is called."""

import collections
import importlib.metadata
import os
import platform
import re
import subprocess
import sys

import common

RUST = os.path.join(".cache", "bench-peers", "release")  # where the Makefile has cargo build

# name: as in PEERS; kind: tripstats, peer or decode; peer: the engine; form: which query the peer runs, or the runner.
Program = collections.namedtuple("Program", "name kind peer form title")

PYTHON = ("duckdb", "polars", "chdb", "pandas")

PROGRAMS = [Program(*p) for p in [
    ("direct", "tripstats", None, "direct", "tripstats, direct runner"),
    ("prism", "tripstats", None, "prism", "tripstats, prism runner"),
    ("duckdb", "peer", "duckdb", "month-by-month", "DuckDB, month by month"),
    ("duckdb-once", "peer", "duckdb", "one-group-by", "DuckDB, one group by"),
    ("duckdb-sets", "peer", "duckdb", "grouping-sets", "DuckDB, grouping sets"),
    ("datafusion", "peer", "datafusion", "month-by-month", "DataFusion, month by month"),
    ("datafusion-once", "peer", "datafusion", "one-group-by", "DataFusion, one group by"),
    ("datafusion-talk", "peer", "datafusion", "talk", "DataFusion, as in the talk"),
    ("polars", "peer", "polars", "month-by-month", "Polars, month by month"),
    ("chdb", "peer", "chdb", "one-group-by", "chdb, one group by"),
    ("pandas", "peer", "pandas", "month-by-month", "pandas on pyarrow, month by month"),
    ("decode", "decode", "parquet", "columns", "parquet-rs, bare decode"),
]]


def commit():
    """Returns the commit that is checked out, and whether anything but the page of results differs from it."""

    def git(*args):
        return subprocess.run(["git", *args], capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--", os.path.relpath(os.path.join(common.HERE, "..", "..")), *(":(exclude)" + os.path.relpath(os.path.join(common.HERE, name)) for name in ("README.md", "peers.svg")))
    return git("describe", "--always") + ("-dirty" if changed else "")


def chosen(names):
    """Returns the programs of the given names. The name of an engine means all its forms: duckdb is duckdb-once too. No name means all."""
    known = {p.name for p in PROGRAMS}
    for name in names:
        if name not in known:
            sys.exit(f"bench: no program {name!r}; there are {', '.join(sorted(known))}")
    return [p for p in PROGRAMS if not names or p.name in names or p.kind == "tripstats" or p.peer in names]


def argv(program, binary, paths, out, threads, quality):
    """Returns the command line of a program, and what is added to its environment."""
    if program.kind == "tripstats":
        return common.tripstats(binary, program.form, paths, out, quality), None if common.keeps_to(threads) else {"GOMAXPROCS": str(threads)}
    if program.kind == "decode":
        return [os.path.join(RUST, "decode"), program.form, str(threads), *paths], None
    args = [program.form, str(threads), out, *paths]
    if program.peer == "datafusion":
        return [os.path.join(RUST, "datafusion_peer"), *args], None
    return [sys.executable, os.path.join(common.HERE, f"{program.peer}_peer.py"), *args], None


def run(program, binary, paths, out, threads, quality="raw"):
    """Runs a program once and returns what was measured. Of a peer in Python, wall and CPU time are the job's alone."""
    arguments, env = argv(program, binary, paths, out, threads, quality)
    m = common.measure(common.on_cores(arguments, threads), env)
    if program.peer in PYTHON:
        wall, cpu = map(float, m.stdout.split())
        m = m._replace(wall=wall, cpu=cpu)
    return m


def crate(name):
    with open(os.path.join(common.HERE, "rust", "Cargo.lock"), encoding="utf-8") as f:
        return re.search(rf'name = "{name}"\nversion = "([^"]+)"', f.read())[1]


def versions(binary):
    """Returns the versions of the programs that are compared."""
    found = {"tripstats": subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]}
    for package in ("duckdb", "polars", "chdb", "pandas", "pyarrow"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:  # no peer of this run needs it
            continue
    for name in ("datafusion", "parquet"):
        found[f"{name} (Rust)"] = crate(name)
    found["Python"] = platform.python_version()
    return found


def machine():
    """Returns a description of the machine, as far as the system tells it."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            model = re.search(r"model name\s*: (.*)", f.read())[1]
    except (OSError, TypeError):
        pass
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"
