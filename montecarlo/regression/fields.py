"""The fields of a simulated regression chain, and their places in a kernel's row of values."""

FIELDS = ("excess_test_error", "bias", "variance")
ERROR, BIAS, VARIANCE = 0, 1, 2
