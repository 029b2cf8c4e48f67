"""The fields of a simulated kernel-density chain, and their places in a kernel's row of values."""

FIELDS = (
    "mise",
    "integrated_variance",
    "mean_density_error",
    "extra_variance",
    "nll",
    "excess_nll",
    "cloud_variance",
    "cloud_mean_error",
)
MISE, VARIANCE, MEAN_DENSITY, EXTRA, NLL, EXCESS, CLOUD_VARIANCE, CLOUD_MEAN = range(len(FIELDS))

OF_TWO_CHAINS = ("integrated_variance", "mean_density_error")
