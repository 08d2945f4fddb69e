"""Tells what a run does on one goroutine: serial.py TRIPSTATS [--threads N] [--runner R] [--quality Q] [--rounds N] [--set NAME | --files FILE...]

On N cores a run takes at least as long as its busiest goroutine. So no goroutine may have more than 1/N of the CPU time. The same limit holds for all that is
done before the first row is decoded, and for all that is done after the last. The program runs with GOMAXPROCS=N, on whatever cores there are, with --trace and --cpuprofile: the
trace then has the samples of the profile with their goroutines. Goroutines are of one kind if they begin in the same function of this program.

The goroutine of the graph shares the batches of a list with other goroutines. If it is behind, lists are long. On fewer than N cores it is seldom behind, so lists
are short, and it does most batches itself. Counted are what it does alone, and its share of the work on lists if all lists were full.
Of prism, the bundles, which follow each other, count as one goroutine. Go's collector works on all cores and is left out. The first line tells how many goroutines
were ready at a time: the harmonic mean over the CPU time. It is less than on N cores, for the same reason.

It exits non-zero if something holds more than its share. A file that is alone has a goroutine for each column, so give it several.
"""

import argparse
import collections
import os
import re
import statistics
import subprocess
import sys
import tempfile

import common

OURS = ("main.", "tripstats/")
DOFN = re.compile(r"\(\*(\w+)\)\.(ProcessElement|FinishBundle|StartBundle|AddInput|MergeAccumulators|ExtractOutput)\b")
DECODES = re.compile(r"^tripstats/io/(parquetio|csvio|inflate)")
BUNDLE = "beam/core/runtime/exec.(*Plan)."
CHANGE = re.compile(r" StateTransition Time=(\d+) GoID=(\d+) (\w+)->(\w+)")
READY = ("Running", "Runnable")
LISTS = "tripstats/transforms/sidebyside.Do"

# Sample: when (ns), the goroutine, and its functions from the innermost to the outermost.
Sample = collections.namedtuple("Sample", "time goroutine stack")


def read(trace):
    """Returns the samples of a trace, and when a goroutine began or ceased to be ready: time, goroutine, 1 or -1."""
    reader = subprocess.Popen(["go", "tool", "trace", "-d=parsed", trace], stdout=subprocess.PIPE, text=True, errors="replace")
    found, changes, head = [], [], None
    for line in reader.stdout:
        if line.startswith("\t"):
            if head and not line.startswith("\t\t"):
                head.stack.append(line.strip().rsplit(" @ ", 1)[0])
            continue
        if head and line.startswith("Stack="):
            continue
        head = None
        if " StackSample " in line:
            head = Sample(int(re.search(r"Time=(\d+)", line)[1]), int(re.search(r"\bG=(-?\d+)", line)[1]), [])
            found.append(head)
        elif m := CHANGE.search(line):
            if change := (m[4] in READY) - (m[3] in READY):
                changes.append((int(m[1]), int(m[2]), change))
    if reader.wait():
        sys.exit(f"bench: go tool trace: exit code {reader.returncode}")
    return found, changes


GRAPH, COLLECTOR = "the graph: its goroutine on direct, the bundles of prism", "Go's collector"


def kind(stack):
    """Returns what kind of goroutine has a stack."""
    if any(f.startswith(("runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge")) for f in stack):
        return COLLECTOR
    if any(f.startswith("main.main") or BUNDLE in f for f in stack):
        return GRAPH
    for f in reversed(stack):
        if f.startswith(OURS):
            return re.sub(r"\[.*?\]", "", f).removeprefix("tripstats/")
    for f in reversed(stack):
        if "/prism/" in f or "grpc" in f or "beam/" in f:
            return "Beam's own: " + f.rsplit("/", 1)[-1]
    return "Go's runtime" if all(f.startswith(("runtime.", "internal/")) for f in stack) else stack[-1]


def kinds(found):
    """Returns the kind of every goroutine. Deep stacks are cut off, so the graph's goroutine is known by some samples only."""
    by = {}
    for s in found:
        if by.get(s.goroutine) != GRAPH:
            by[s.goroutine] = kind(s.stack)
    return by


def stage(stack):
    """Returns the stage that a sample of the graph's goroutine is of: the innermost DoFn, or the command."""
    doing = ", of a list" if any(f.startswith(LISTS) for f in stack) else ""
    for f in stack:
        if f.startswith(OURS) and (m := DOFN.search(f)):
            return f"{m[1]}.{m[2]}" + doing
    for f in reversed(stack):
        if f.startswith("main.(*job)") and not f.endswith((".command", ".makeOnce", ".profiled", ".makeTables")) and ".func" not in f:
            return f.removeprefix("main.")
    return "the rest"


def beside(found, changes, without):
    """Returns how many goroutines worked side by side: the harmonic mean over the CPU time. The threads of the program share what cores there are, so as many
    as run at a time would run on as many cores."""
    running, n, time = 0, 0, 0.0
    changes = iter([c for c in changes if c[1] not in without] + [(1 << 62, 0, 0)])
    at = next(changes)
    for s in found:
        while at[0] <= s.time:
            running += at[2]
            at = next(changes)
        if s.goroutine not in without:
            n, time = n + 1, time + 1 / max(1, running)
    return n / time if time else 0


def longest(threads):
    """Returns how many batches a list has at most: see newLanes in io/source."""
    return threads if threads >= 8 else max(1, threads // 2)


class Run:
    """The samples of one run, counted."""

    def __init__(self, binary, args, paths):
        self.goroutines = collections.Counter()  # by kind and goroutine
        self.stages = collections.Counter()  # of the graph's goroutine
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "trace")
            argv = common.tripstats(binary, args.runner, paths, os.path.join(folder, "out"), args.quality)
            common.measure([*argv, f"--trace={trace}", f"--cpuprofile={folder}/cpu"], {"GOMAXPROCS": str(args.threads)})
            found, changes = read(trace)
        of = kinds(found)
        self.beside = beside(found, changes, {g for g, k in of.items() if k == COLLECTOR})
        decoding = [s.time for s in found if any(DECODES.match(f) for f in s.stack) and of[s.goroutine] != GRAPH]
        first, last = (min(decoding), max(decoding)) if decoding else (0, 0)
        self.total, self.before, self.after, self.shared, self.alone = len(found), 0, 0, 0, 0
        for s in found:
            k = of[s.goroutine]
            self.goroutines[k, 0 if k == GRAPH else s.goroutine] += 1
            self.before += s.time < first and k != COLLECTOR
            self.after += s.time > last and k != COLLECTOR
            of_list = any(f.startswith(LISTS) for f in s.stack)
            self.shared += of_list
            if k == GRAPH:
                self.stages[stage(s.stack)] += 1
                self.alone += not of_list


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tripstats")
    parser.add_argument("--files", nargs="+")
    parser.add_argument("--set", default="snappy", help=f"of {', '.join(common.SETS)}, if --files is not given (default snappy)")
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--runner", default="direct")
    parser.add_argument("--quality", default="raw")
    parser.add_argument("--rounds", type=int, default=10, help="a second of CPU time has 100 samples (default 10)")
    args = parser.parse_args()
    paths = args.files or common.files(args.set)
    common.warm(paths)
    runs = [Run(os.path.abspath(args.tripstats), args, paths) for _ in range(args.rounds)]
    total = sum(r.total for r in runs)
    most = 1 / args.threads

    # By kind: all samples, goroutines in all runs, and the samples of the busiest goroutine of each run.
    rows = collections.defaultdict(lambda: [0, 0, 0])
    for r in runs:
        busiest = collections.Counter()
        for (k, _), n in r.goroutines.items():
            rows[k][0] += n
            rows[k][1] += 1
            busiest[k] = max(busiest[k], n)
        for k, n in busiest.items():
            rows[k][2] += n
    print(f"{len(paths)} files, --runner={args.runner} --quality={args.quality}, GOMAXPROCS={args.threads}: {total} samples in {args.rounds} runs;"
          f" {statistics.median(r.beside for r in runs):.1f} goroutines ready at a time\n")
    print("| goroutines | number | of the CPU time | the busiest |\n|---|---:|---:|---:|")
    failed = []
    for k, (n, number, busiest) in sorted(rows.items(), key=lambda item: -item[1][0]):
        if n / total >= 0.005:
            print(f"| {k} | {number / args.rounds:.1f} | {n / total:.1%} | {busiest / total:.1%} |")
        if k not in (COLLECTOR, GRAPH) and busiest / total > most:
            failed.append(f"{k}: one goroutine has {busiest / total:.1%} of the CPU time")
    print("\n| on the goroutine of the graph | of the CPU time |\n|---|---:|")
    stages = collections.Counter()
    for r in runs:
        stages.update(r.stages)
    for name, n in stages.most_common():
        if n / total >= 0.002:
            print(f"| {name} | {n / total:.1%} |")
    alone, shared = (sum(getattr(r, what) for r in runs) / total for what in ("alone", "shared"))
    full = alone + shared / longest(args.threads)
    print(f"| what it does alone | {alone:.1%} |\n| what is done to batches of lists, on all goroutines | {shared:.1%} |\n| so with full lists | {full:.1%} |")
    if full > most:
        failed.append(f"{GRAPH}: {full:.1%} of the CPU time, with full lists")
    for title, n in (("before the first row is decoded", sum(r.before for r in runs)), ("after the last row is decoded", sum(r.after for r in runs))):
        print(f"| all that is done {title} | {n / total:.1%} |")
        if n / total > most:
            failed.append(f"{title}: {n / total:.1%} of the CPU time")
    if failed:
        sys.exit("\n".join(f"bench: {line}, expected at most {most:.1%}" for line in failed))


if __name__ == "__main__":
    main()
