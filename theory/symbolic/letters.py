"""The letters of the formulas, and what they stand for."""

from __future__ import annotations

from sympy import Expr, Function, Symbol

n = Symbol("n", positive=True)
real = Symbol("N", positive=True)
m = Symbol("m", positive=True)
w = Symbol("w", positive=True)
k = Symbol("k", positive=True)
d = Symbol("d", positive=True, integer=True)
u = Symbol("u", positive=True)
tau = Symbol("tau", positive=True)
delta = Symbol("delta", nonnegative=True)
sigma = Symbol("sigma", positive=True)
signal = Symbol("r", nonnegative=True)
f = Symbol("f", positive=True)
phi = Symbol("phi", positive=True)
het = Symbol("H", positive=True)
p = Symbol("p", positive=True)
h = Symbol("h", positive=True)
v = Symbol("v", positive=True)
kappa = Symbol("kappa", positive=True)
truth_variance = Symbol("V_0", positive=True)
half_width = Symbol("L", positive=True)
rho = Symbol("rho", positive=True)
c = Symbol("c", positive=True)
edited = Symbol("F", positive=True)
cut = Symbol("a", positive=True)
slope = Symbol("b", real=True)
bend = Symbol("q", positive=True)
lam = Symbol("lamda", positive=True)
gain = Symbol("g", positive=True)
mean_gain = Symbol("Z", positive=True)
beta = Symbol("beta", positive=True)
wrong = Symbol("e", positive=True)
psi = Symbol("psi", positive=True)
mu = Symbol("mu", positive=True)
t = Symbol("t", positive=True, integer=True)
s = Symbol("s", positive=True, integer=True)
i = Symbol("i", positive=True, integer=True)

x = Function("x")

MEANING: dict[Expr, str] = {
    t: "generation",
    n: "rows a batch",
    real: "real rows",
    m: "budget, rows trained on",
    w: "window, or the weight of the real rows",
    k: "real rows over synthetic rows, N / n",
    d: "dimension, or features",
    u: "(tr Sigma_0)^2 / tr Sigma_0^2: d for the identity",
    tau: "sampling temperature",
    delta: "ddof: 0 maximum likelihood, 1 unbiased",
    sigma: "standard deviation of the label noise",
    signal: "w*' Sigma w*, the error of predicting zero",
    f: "filter s / (s + lambda) of a ridge, s an eigenvalue of X'X / n",
    phi: "features over rows, d / n",
    het: "1 - sum p_0^2 of the true probabilities",
    p: "true probability of a category",
    h: "bandwidth, that of the first fit if it changes",
    v: "variance of the kernel at bandwidth 1",
    kappa: "transform of the kernel at a frequency",
    truth_variance: "variance of a coordinate of the truth",
    half_width: "half-width of what a verifier accepts, in standard deviations of the noise",
    rho: "contraction of a verified round",
    c: "squared bias of a verifier, in variances of the real fit",
    edited: "share of the rows that are edited",
    cut: "standard deviations of the mean within which rows are left out",
    slope: "slope of a reward at zero",
    bend: "curvature of a reward, one over its squared width",
    lam: "weight of the winners against real rows; n/N where N real rows are kept or new",
    gain: "e^r of a category of reward r",
    mean_gain: "mean of e^r over the categories in the long run",
    beta: "probability that the better of two different categories wins, from 1/2 to 1",
    wrong: "share of wrong labels before verification",
    psi: "probability to keep a wrong label over that to keep a correct one",
    mu: "distance of a class from the middle, in standard deviations of a feature",
}
