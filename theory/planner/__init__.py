"""Will a training pipeline collapse, and what is the cheapest fix?

pipeline.py  Pipeline: rows, what is kept, weights, budget; Verifier, Prices
drift.py     the error round by round: the recursion of section 1 for any pipeline
outlook.py   the long run: bounded, logarithmic, a power or linear
inverse.py   the least of something that holds the drift, each answer with its certificate
verified.py  pipelines with a verifier: best round, least strict one
changes.py   single changes that help, and what they cost
premises.py  where the answer is weak, and what to measure
alarms.py    what makes it collapse whatever its noise does
statements.py what is known, in sentences with status and source
plan.py      plan: all of it
"""

from theory.planner.pipeline import Keep, Pipeline, Prices, Verifier
from theory.planner.plan import Plan, plan
from theory.planner.statements import Statement

__all__ = ["Keep", "Pipeline", "Plan", "Prices", "Statement", "Verifier", "plan"]
