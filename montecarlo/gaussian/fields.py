"""The fields of a simulated Gaussian chain, and their places in a kernel's row of values."""

FIELDS = (
    "mean_error",
    "trace_ratio",
    "log_det_ratio",
    "determinant_ratio",
    "covariance_error",
    "precision_ratio",
    "mahalanobis_error",
    "excess_nll",
    "wasserstein",
    "spread_ratio",
)
MEAN, TRACE, LOG_DET, DETERMINANT, COVARIANCE = 0, 1, 2, 3, 4
PRECISION, MAHALANOBIS, NLL, WASSERSTEIN, SPREAD = 5, 6, 7, 8, 9
