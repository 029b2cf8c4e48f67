"""Published statements beside the exact value, which is computed when a page is written.

statement.py     Statement, and how it becomes a page
catalogue.py     all of them, in the order of the report
gaussian.py  regression.py  kde.py  categorical.py  language.py
                 one function a statement
"""
