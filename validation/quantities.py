r"""What every tested quantity is: its name in words, its definition in LaTeX, its unit.

A definition says what is simulated, not what comes out. What comes out is derived
(`theory.symbolic`) where a closed form is; the laws given here are those of the families that have
no derivation yet, and of the bounds.
"""

from __future__ import annotations

from validation.mitigation_quantities import MITIGATIONS, VERIFICATION
from validation.quantity import Quantity

FAMILIES: dict[str, tuple[str, str]] = {
    "gaussian": (
        "Gaussian",
        "A mean and a covariance, fitted to rows that the fit before drew, and so on.",
    ),
    "inflation": (
        "Inflation",
        "v, the excess risk in units of generation 1's, for any regular, well-specified family as "
        "the rows a batch grow; simulated at two sizes and extrapolated.",
    ),
    "regression": (
        "Regression",
        "Weights fitted to labels that earlier weights wrote; the error is test error minus the "
        "noise floor.",
    ),
    "kde": (
        "Kernel densities",
        "A density estimate f fitted to rows drawn from the estimate before.",
    ),
    "categorical": (
        "Categories",
        "Shares of categories counted, sampled and counted again: the unigram model of a text.",
    ),
    "verification": (
        "Verification",
        "A linear regression refitted to labels of its own that a verifier accepts.",
    ),
    "mitigations": (
        "Mitigations",
        "Other ways out: a spread that is verified, verified labels, curation by reward, editing, "
        "refits to the tails, regrowth, weights, fixed real rows, ensembles of generators.",
    ),
    "planner": (
        "Planner",
        "Will a training pipeline collapse, and what is the cheapest fix? Pipelines are simulated "
        "as a mean learned from rows that earlier models wrote.",
    ),
}
"""Family -> its title and what its chain is."""


_SQUARED = r"E\,(w_t - w^*)^{\top}\,\Sigma\,(w_t - w^*)"
_SQUARED_LABEL = "a squared label"
_DENSITY = "1 / volume"

QUANTITIES: dict[tuple[str, str], Quantity] = {
    ("gaussian", "mean_error"): Quantity(
        "Error of the mean", r"\frac{E\,|\mu_t - \mu_0|^2}{\operatorname{tr}\Sigma_0}"
    ),
    ("gaussian", "trace_ratio"): Quantity(
        "Mean spread", r"\frac{E \operatorname{tr}\Sigma_t}{\operatorname{tr}\Sigma_0}"
    ),
    ("gaussian", "covariance_error"): Quantity(
        "Error of the covariance",
        r"\frac{E\,\|\Sigma_t - \Sigma_0\|_F^2}{\|\Sigma_0\|_F^2}",
    ),
    ("gaussian", "log_det_ratio"): Quantity(
        "Log-determinant", r"E \log\det(\Sigma_t \Sigma_0^{-1})", "nats"
    ),
    ("gaussian", "determinant_ratio"): Quantity(
        "Mean determinant", r"\frac{E \det\Sigma_t}{\det\Sigma_0}"
    ),
    ("gaussian", "precision_ratio"): Quantity(
        "Mean precision", r"\frac{1}{d}\,E \operatorname{tr}(\Sigma_0 \Sigma_t^{-1})"
    ),
    ("gaussian", "mahalanobis_error"): Quantity(
        "Mahalanobis error of the mean",
        r"E\,(\mu_t - \mu_0)^{\top}\,\Sigma_t^{-1}\,(\mu_t - \mu_0)",
    ),
    ("gaussian", "excess_nll"): Quantity(
        "Excess negative log-likelihood", r"E\,\mathrm{KL}(f_0 \,\|\, f_t)", "nats per row"
    ),
    ("gaussian", "spread_ratio"): Quantity(
        "Mean standard deviation", r"\frac{E\,\sigma_t}{\sigma_0}, \quad d = 1"
    ),
    ("gaussian", "wasserstein"): Quantity(
        "Wasserstein distance", r"\frac{E\,W_2^2(f_0, f_t)}{\operatorname{tr}\Sigma_0}"
    ),
    ("gaussian", "wasserstein_lower"): Quantity(
        "Wasserstein distance, bounded from below",
        r"\frac{E\,W_2^2(f_0, f_t)}{\operatorname{tr}\Sigma_0}",
        laws=(
            (
                "every workflow (Jensen)",
                r"\frac{E\,|\mu_t - \mu_0|^2}{\operatorname{tr}\Sigma_0} + \left(1 - "
                r"\sqrt{\frac{E\operatorname{tr}\Sigma_t}{\operatorname{tr}\Sigma_0}}\right)^2",
            ),
        ),
    ),
    ("gaussian", "wasserstein_upper"): Quantity(
        "Wasserstein distance, bounded from above",
        r"\frac{E\,W_2^2(f_0, f_t)}{\operatorname{tr}\Sigma_0}",
        laws=(
            (
                "replace and accumulate; M_t the product of the chain's random matrices",
                r"\frac{E\,|\mu_t - \mu_0|^2}{\operatorname{tr}\Sigma_0} + "
                r"\frac{E\operatorname{tr}\Sigma_t}{\operatorname{tr}\Sigma_0} + 1 - "
                r"2\max\left(\frac{3\,E\operatorname{tr}M_t - E\operatorname{tr}M_t^2}{2d},\ "
                r"e^{E\log\det M_t/(2d)}\right)",
            ),
        ),
    ),
    ("gaussian", "survival"): Quantity(
        "Survival of the spread",
        r"P(\sigma_t > \epsilon\,\sigma_0)",
        "a probability",
        laws=(
            (
                "the law of a sum of independent log chi-squares, inverted (Gil-Pelaez)",
                r"\frac{1}{2} + \frac{1}{\pi}\int_0^{\infty} "
                r"\frac{\operatorname{Im}\left(e^{-2iu\log\epsilon}\,E e^{iu\log"
                r"(\sigma_t^2/\sigma_0^2)}\right)}{u}\,du",
            ),
        ),
    ),
    ("inflation", "inflation"): Quantity(
        "Inflation of the excess risk",
        r"v_t = \lim_{n \to \infty} \frac{2 n_0}{d}\,E\,\mathrm{KL}(f_0 \,\|\, f_t)",
    ),
    ("regression", "excess_test_error"): Quantity("Excess test error", _SQUARED, _SQUARED_LABEL),
    ("regression", "bias"): Quantity(
        "Bias: the error of the mean fit",
        r"E\,(\bar w_t - w^*)^{\top}\,\Sigma\,(\bar w_t - w^*), \quad "
        r"\bar w_t = E(w_t \mid X, w^*)",
        _SQUARED_LABEL,
        laws=(
            ("rows enough and no ridge", "0"),
            ("least norm, one design, features of one variance", r"r\,(1 - n/d)"),
        ),
    ),
    ("regression", "variance"): Quantity(
        "Variance: what the noise of the labels adds",
        r"E\,(w_t - \bar w_t)^{\top}\,\Sigma\,(w_t - \bar w_t), \quad "
        r"\bar w_t = E(w_t \mid X, w^*)",
        _SQUARED_LABEL,
        laws=(("", rf"{_SQUARED} - \mathrm{{bias}}_t"),),
    ),
    ("regression", "published_upper"): Quantity(
        "Excess test error, below the published bound",
        _SQUARED,
        _SQUARED_LABEL,
        laws=(
            (
                "accumulate, any generation (Gerstgrasser et al., theorem 1)",
                r"\frac{\pi^2}{6}\,\frac{d\,\sigma^2}{n - d - 1}",
            ),
        ),
    ),
    ("regression", "schedule_upper"): Quantity(
        "Excess test error, below a bound for every schedule",
        _SQUARED,
        _SQUARED_LABEL,
        laws=(
            (
                "accumulate, new rows, any sizes of the later batches",
                r"\left(1 + \frac{n_0 - d - 1}{d + 1}\log\frac{n_0}{n_0 - d - 1}\right)"
                r"\frac{d\,\sigma^2}{n_0 - d - 1} \le \frac{2\,d\,\sigma^2}{n_0 - d - 1}",
            ),
        ),
    ),
    ("regression", "inflation"): Quantity(
        "Inflation of the excess test error",
        r"v_t = \lim_{n \to \infty} \frac{n}{d\,\sigma^2}\," + _SQUARED,
    ),
    ("regression", "best_ridge"): Quantity(
        "Best ridge penalty of the last fit",
        r"\operatorname{arg\,min}_{\lambda} " + _SQUARED,
        "of an eigenvalue of X'X / n",
    ),
    ("kde", "mise"): Quantity(
        "Mean integrated squared error",
        r"E \int (f_t - f_0)^2\,dx",
        _DENSITY,
        laws=(
            (
                "every workflow; w a frequency, the kernel's transform at h_t w is kappa_t, "
                "the truth's is phi_0; B_t and m_t, the mean square and the mean of the training "
                "rows' characters, follow from the recursion of the workflow",
                r"\frac{1}{(2\pi)^d}\int \kappa_t^2 B_t - 2\kappa_t "
                r"\operatorname{Re}(\bar\phi_0 m_t) + |\phi_0|^2\,dw",
            ),
        ),
    ),
    ("kde", "integrated_variance"): Quantity(
        "Integrated variance",
        r"E \int (f_t - E f_t)^2\,dx",
        _DENSITY,
        laws=(("", r"\frac{1}{(2\pi)^d}\int \kappa_t^2\,(B_t - |m_t|^2)\,dw"),),
    ),
    ("kde", "mean_density_error"): Quantity(
        "Error of the mean density",
        r"\int (E f_t - f_0)^2\,dx",
        _DENSITY,
        laws=(("", r"\frac{1}{(2\pi)^d}\int |\kappa_t m_t - \phi_0|^2\,dw"),),
    ),
    ("kde", "extra_variance"): Quantity(
        "Variance that the kernels add to the mean density",
        r"\operatorname{var}(E f_t) - \operatorname{var}(f_0)",
        "a coordinate squared",
        laws=(
            ("replace; v the kernel's variance", r"v \sum_{s=1}^{t} h_s^2"),
            (
                "accumulate and its subsamples, equal batches",
                r"v \left(h_t^2 + \sum_{s=1}^{t-1} \frac{h_s^2}{s + 1}\right)",
            ),
        ),
    ),
    ("kde", "excess_nll_lower"): Quantity(
        "Excess negative log-likelihood, bounded from below",
        r"E \int f_0 \log\frac{f_0}{f_t}\,dx",
        "nats per row",
        laws=(("every workflow (Jensen)", r"\int f_0 \log\frac{f_0}{E f_t}\,dx"),),
    ),
    ("kde", "cloud_variance"): Quantity(
        "Variance of the training rows",
        r"V_t = E\,\frac{1}{n}\sum_{j=1}^{n} (x_j - \bar x)^2",
        "a coordinate squared",
        laws=(
            (
                "replace; v the kernel's variance",
                r"V_{t+1} = \left(1 - \frac{1}{n}\right)(V_t + v h_t^2)",
            ),
            (
                "accumulate",
                r"V_{t+1} = V_t\left(1 - \frac{1}{n(t+1)^2}\right) + "
                r"\frac{v h_t^2}{t+1}\left(1 - \frac{1}{n(t+1)}\right)",
            ),
        ),
    ),
    ("kde", "cloud_mean_error"): Quantity(
        "Error of the mean of the training rows",
        r"M_t = E\,(\bar x - E x_0)^2",
        "a coordinate squared",
        laws=(
            ("replace", r"M_{t+1} = M_t + \frac{V_t + v h_t^2}{n}"),
            ("accumulate", r"M_{t+1} = M_t + \frac{V_t + v h_t^2}{n(t+1)^2}"),
        ),
    ),
    ("categorical", "squared_error"): Quantity(
        "Squared error of the shares",
        r"E\,|p_t - p_0|^2",
        laws=(
            ("replace; H_0 = 1 minus the sum of p_0 squared", r"H_0\,(1 - (1 - 1/n)^t)"),
            ("accumulate", r"H_0\left(1 - \prod_{k=1}^{t}\left(1 - \frac{1}{n k^2}\right)\right)"),
        ),
    ),
    ("categorical", "heterozygosity"): Quantity(
        "Heterozygosity: the probability that two rows differ",
        r"E\left(1 - \sum_i p_{t,i}^2\right)",
        "a probability",
        laws=(
            ("replace; H_0 that of the truth", r"H_0\,(1 - 1/n)^t"),
            ("accumulate", r"H_0\prod_{k=1}^{t}\left(1 - \frac{1}{n k^2}\right)"),
        ),
    ),
    ("categorical", "survivors"): Quantity(
        "Categories left",
        r"E\,\#\{i : p_{t,i} > 0\}",
        "categories",
        laws=(
            (
                "replace; P is Wright and Fisher's matrix of one category's count",
                r"\sum_i \left(1 - (P^t)_{p_i, 0}\right)",
            ),
            ("accumulate and anchored, for ever", r"\sum_i 1 - (1 - p_i)^{n_0}"),
        ),
    ),
    ("categorical", "survivors_lower"): Quantity(
        "Categories left, bounded from below",
        r"E\,\#\{i : p_{t,i} > 0\}",
        "categories",
        laws=(
            (
                "replace, at any n and number of categories",
                r"\sum_i 1 - e^{-n p_i g_t}, \quad g_1 = 1,\ g_{k+1} = 1 - e^{-g_k}",
            ),
        ),
    ),
    ("categorical", "entropy"): Quantity(
        "Entropy",
        r"-E \sum_i p_{t,i} \log p_{t,i}",
        "nats",
        laws=(
            (
                "where the law of one category's count is known",
                r"-\sum_i \sum_j P(N_{t,i} = j)\,\frac{j}{n}\log\frac{j}{n}",
            ),
        ),
    ),
    ("categorical", "collapse_probability"): Quantity(
        "Probability that one category is left",
        r"P(\max_i p_{t,i} = 1)",
        "a probability",
        laws=(("", r"\sum_i P(N_{t,i} = n)"),),
    ),
    ("categorical", "collapse_time"): Quantity(
        "Fits until one category is left",
        r"E \min(T, t), \quad T = \min\{s : \max_i p_{s,i} = 1\}",
        "fits",
        laws=(("", r"\sum_{s<t} P(T > s)"),),
    ),
    **{("verification", field): quantity for field, quantity in VERIFICATION.items()},
    **{("mitigations", field): quantity for field, quantity in MITIGATIONS.items()},
    ("planner", "long_run"): Quantity(
        "What was solved for",
        r"\frac{E\,|e_t|^2}{E\,|e_1|^2}",
        "errors of one real fit",
    ),
    ("planner", "within"): Quantity(
        "At the answer: within what was asked for",
        r"\frac{E\,|e_t|^2}{E\,|e_1|^2}",
        "errors of one real fit",
        laws=(("", r"\le \text{tolerance}"),),
    ),
    ("planner", "beyond"): Quantity(
        "Beside the answer: more than was asked for",
        r"\frac{E\,|e_t|^2}{E\,|e_1|^2}",
        "errors of one real fit",
        laws=(("", r"> \text{tolerance}"),),
    ),
}
"""(family, field) -> what it is."""
