r"""What the tested quantities of verification and of the small rooms are; see `quantities`."""

from __future__ import annotations

from validation.quantity import Quantity

_SQUARED = r"E\,|\theta_t - \theta^*|^2"
_SQUARED_LABEL = "a squared label"
_TRUE_VARIANCE = "the true variance"

VERIFICATION: dict[str, Quantity] = {
    "squared_error": Quantity(
        "Error to the truth",
        _SQUARED,
        _SQUARED_LABEL,
        laws=(
            (
                "one direction, one round; z standard normal",
                r"E_z\left[(\tau(d + z/\mu) - d)^2 + m_2(d + z/\mu)/n_1\right]",
            ),
        ),
    ),
    "verifier_error": Quantity(
        "Distance from the verifier", r"E\,|\theta_t - \theta_c|^2", _SQUARED_LABEL
    ),
    "verifier_error_upper": Quantity(
        "Distance from the verifier, bounded from above",
        r"E\,|\theta_t - \theta_c|^2",
        _SQUARED_LABEL,
        laws=(
            (
                "replace, k = t - 1 rounds",
                r"\rho^{2k}\,E\,|\theta_1 - \theta_c|^2 + p\,\sigma^2 \sum_{j<k} "
                r"\rho^{2(k-j)-1}/n_{j+1}",
            ),
            ("the contraction", r"\rho(L) = 1 - \frac{2 L \varphi(L)}{2\Phi(L) - 1}"),
        ),
    ),
    "unfiltered_error": Quantity("Error without a verifier", _SQUARED, _SQUARED_LABEL),
    "acceptance": Quantity(
        "Share of the rows that is accepted", r"E\,P(|W| \le L),\ W \sim N(u_{t-1}, 1)", "a share"
    ),
    "phase_error": Quantity(
        "Error at leading order",
        r"\lim\ \mu^2\,E\,(u_t - d)^2",
        "the real fit's error",
        laws=(("k = t - 1 rounds", r"(1 - \rho^k)^2 d^2 \mu^2 + \rho^{2k}"),),
    ),
}
"""Field -> what it is."""

_SHARE = r"P(x_t = {})"
_BETTER = "Mean weight of the winners' reward"

MITIGATIONS: dict[str, Quantity] = {
    "variance": Quantity(
        "Variance fitted to verified rows", r"\lim_{n \to \infty} E\,s_t^2", _TRUE_VARIANCE
    ),
    "verifier_error": Quantity(
        "Distance from the verifier of the mean fitted to its rows",
        r"\lim_{n \to \infty} E\,(\mu_t - \theta_c)^2",
        _TRUE_VARIANCE,
    ),
    "accuracy": Quantity(
        "Accuracy of a classifier of verified labels",
        r"E\,P(y\,w^{\top} x > 0)",
        "a share",
        laws=(
            (
                "a = w's part along mu; n kept rows",
                r"E\,\Phi\left(\frac{|\mu|\,a}{\sqrt{a^2 + \chi^2_{d-1}/n}}\right)",
            ),
        ),
    ),
    "accuracy_limit": Quantity(
        "The same for many rows", r"\lim_{n \to \infty} E\,P(y\,w^{\top} x > 0)", "a share"
    ),
    "probability_0": Quantity("Share of the first category", _SHARE.format(0), "a share"),
    "probability_1": Quantity("Share of the second category", _SHARE.format(1), "a share"),
    "probability_2": Quantity("Share of the third category", _SHARE.format(2), "a share"),
    "expected_weight": Quantity(_BETTER, r"E_t\,e^{r}"),
    "expected_weight_lower": Quantity(
        f"{_BETTER}, bounded from below",
        r"E_t\,e^{r}",
        laws=(
            (
                "winners only",
                r"E_{t-1} e^{r} + \frac{K-1}{K}\,\frac{\mathrm{Var}_{t-1} e^{r}}{e^{r^*}}",
            ),
            (
                "mixed",
                r"E_0 e^{r} + \frac{\lambda}{(1+\lambda)^3}\,\frac{K-1}{K}\,"
                r"\frac{\mathrm{Var}_0 e^{r}}{e^{r^*}}",
            ),
        ),
    ),
    "divergence_upper": Quantity(
        "Divergence of curated rows, bounded from above",
        r"\mathrm{KL}(p_t\,\|\,p_{\mathrm{ref}})",
        "nats",
        laws=(("mixed, lambda < 1/(K - 1)", r"-\log(1 - \lambda\,(K - 1))"),),
    ),
    "mean": Quantity("Mean of a curated normal law", r"E\,x_t"),
    "second_moment": Quantity("Its second moment", r"E\,x_t^2"),
    "test_error": Quantity("Test error after editing", r"E\,|w_t - w^*|^2", "a squared weight"),
    "test_error_lower": Quantity(
        "The printed bound of editing, as a lower bound",
        r"E\,|w_t - w^*|^2",
        "a squared weight",
        laws=(("printed as an upper bound; exceeded after many edits", r"2\,E\,|w_1 - w^*|^2"),),
    ),
    "trace_ratio": Quantity("Mean variance of refits to the tails", r"E\,\sigma_t^2"),
    "mean_error": Quantity("Error of the mean", r"E\,(\mu_t - \mu_0)^2", _TRUE_VARIANCE),
    "variance_error": Quantity("Error of a weighted variance", r"E\,(S_t - \sigma^2)^2/\sigma^4"),
    "distance": Quantity("What is left of a disturbance", r"E\,(\mu_t - \bar x)/(\mu_0 - \bar x)"),
    "distance_upper": Quantity(
        "The same, bounded from above",
        r"E\,(\mu_t - \bar x)/(\mu_0 - \bar x)",
        laws=(
            (
                "push = L eps/alpha",
                r"\left(\frac{\lambda\,(1 + L\epsilon/\alpha)}"
                r"{1 + \lambda\,(1 - L\epsilon/\alpha)}\right)^t",
            ),
        ),
    ),
    "squared_difference": Quantity(
        "Two chains that differ in one real row", r"E\,(\mu_t - \mu'_t)^2", _TRUE_VARIANCE
    ),
    "coverage": Quantity(
        "Coverage of a naive interval", r"P(|\mu_t| \le 1.96/\sqrt{n})", "a share"
    ),
    "set_error": Quantity("Error of one generator's set", r"E\,\bar x_{t,1}^2", _TRUE_VARIANCE),
    "spread": Quantity(
        "Variance between the generators' sets",
        r"E\,\frac{1}{K-1}\sum_{k} (\bar x_{t,k} - \bar x_t)^2",
        _TRUE_VARIANCE,
    ),
}
"""Field -> what it is."""
