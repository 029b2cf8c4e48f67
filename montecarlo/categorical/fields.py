"""The fields of a simulated categorical chain, and their places in a kernel's row of values."""

FIELDS = (
    "squared_error",
    "heterozygosity",
    "survivors",
    "entropy",
    "collapse_probability",
    "collapse_time",
)
SQUARED, HETEROZYGOSITY, SURVIVORS, ENTROPY, COLLAPSE, TIME = 0, 1, 2, 3, 4, 5
