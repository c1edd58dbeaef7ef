"""Runs a query several times and prints a line of JSON for each run on standard error, as `trailkeep query --timings` does."""

import json
import resource
import sys
import time


def cpu_ms():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1000


def repeat(runs, open_and_query):
    """Calls `open_and_query(run)`, which returns the number of rows; what it opens belongs to the first run."""
    for run in range(1, runs + 1):
        wall, cpu = time.perf_counter(), cpu_ms()
        rows = open_and_query(run)
        wall_ms = (time.perf_counter() - wall) * 1000
        line = {"run": run, "wall_ms": round(wall_ms, 3), "cpu_ms": round(cpu_ms() - cpu, 3), "rows": rows}
        print(json.dumps(line), file=sys.stderr, flush=True)
