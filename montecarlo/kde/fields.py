"""The fields of a simulated kernel-density chain, and their places in a kernel's row of values."""

FIELDS = (
    "mise",
    "mean_density_error",
    "cloud_mean_square",
    "cloud_variance",
    "extra_variance",
    "nll",
    "excess_nll",
)
MISE, MEAN_DENSITY, CLOUD_MEAN, CLOUD_VARIANCE, EXTRA, NLL, EXCESS = range(len(FIELDS))
