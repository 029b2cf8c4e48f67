"""After the timings, the table of ratios: the lines that belong to the files that were run."""

import pytest

from benchmarks import ratios
from benchmarks.measure import table

GROUPS = {
    "bench_categorical.py": ("categorical",),
    "bench_gaussian_rows.py": ("rows", "subsample", "memory"),
    "bench_gaussian_statistics.py": ("statistics",),
    "bench_kde.py": ("kde",),
    "bench_language.py": ("lm",),
    "bench_regression.py": ("regression",),
    "bench_theory.py": ("theory", "import", "command"),
}


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if not config.getoption("benchmark_enable"):
        return
    passed = terminalreporter.getreports("passed")
    files = {report.location[0].rpartition("/")[2] for report in passed}
    names = [name for file in sorted(files) for name in GROUPS.get(file, ())]
    if names:
        terminalreporter.section("ratios")
        terminalreporter.write_line(table([row for name in names for row in ratios.GROUPS[name]()]))
