"""The fields of a simulated verified regression, and their places in a kernel's row of values."""

FIELDS = ("squared_error", "verifier_error", "acceptance")
SQUARED, VERIFIER, ACCEPTANCE = 0, 1, 2
