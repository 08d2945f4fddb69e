"""questions_agree.py TRIPSTATS QUESTION SQL PEERS FILE...: exits non-zero unless tripstats and the peers give the same rows.

It is a program of its own, as the memory of what measures programs is part of what it measures.
"""

import json
import os
import subprocess
import sys

TIES = {"days": [6]}  # columns of which DuckDB gives any of several values


def rows_of(peer, question, paths):
    form = ["fastest"] if peer == "duckdb" else []
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{peer}_questions.py")
    done = subprocess.run([sys.executable, program, question, *form, str(os.cpu_count()), *paths, "--rows"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.partition(b"\n")[2])


def alike(a, b):
    """Tells whether two values that went through JSON are the same."""
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= max(1e-9 * max(abs(a), abs(b)), 2e-6)  # decimals are cut after the sixth digit
    if isinstance(a, str) and isinstance(b, str):
        return a == b or a[:10] == b[:10] and a[10:].strip("T :0") == b[10:].strip("T :0")  # dates and times are written in several ways
    return a == b


def main():
    binary, question, sql, peers, *paths = sys.argv[1:]
    done = subprocess.run([binary, "query", sql, f"--input={','.join(paths)}", "--quality=raw", "--as=jsonl"], stdout=subprocess.PIPE, check=True)
    ours = [list(json.loads(line).values()) for line in done.stdout.splitlines()]
    for peer in peers.split(","):
        theirs = rows_of(peer, question, paths)
        if len(ours) != len(theirs):
            sys.exit(f"{question}: {len(ours)} rows, {peer} has {len(theirs)}")
        for i, (a, b) in enumerate(zip(ours, theirs)):
            if len(a) != len(b) or not all(j in TIES.get(question, []) or alike(x, y) for j, (x, y) in enumerate(zip(a, b))):
                sys.exit(f"{question}: row {i}: {a}, {peer} has {b}")


if __name__ == "__main__":
    main()
