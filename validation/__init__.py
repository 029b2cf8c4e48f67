"""Theory against simulation: every claim with a verdict, and the power behind the verdict.

calibrated.py   thresholds and verdicts: what a sample of that size could have detected
claims.py       the list of claims: theory field, its simulated twin, where it is tested
data.py         real tables: a user's file, or the bundled ones
categorical.py  the claims of categories
check.py        plan, simulate, judge
report.py       findings as tables, JSON and a plot
page.py         findings as one HTML file of pages: report.html.j2 with report.css and report.js
rows.py         claims as rows of its tables
families.py     its page of each family
quantities.py   what each tested quantity is
formulas.py     formulas as MathML, closed forms derived when the page is written
statements/     published statements beside exact values, a page each
pictures.py     the figures of the page
__main__.py     python -m validation
"""
