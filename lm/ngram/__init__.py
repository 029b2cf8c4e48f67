"""An n-gram language model on real text, and its chain: theory and text tied together in seconds.

model.py       Text, NgramModel: counts of what follows each context; entropy, loss, sampling
words.py       words of Python's own documentation as rows of token ids
held.py        contexts held at the real ones: every context is a categorical chain
prediction.py  what theory says of that chain, exactly
free.py        free-running text: the model writes its own contexts
run.py         run, NgramRun, table: theory beside simulation

A row is one document, of token ids 0 <= id < vocabulary; a model also learns where it ends.
"""

from lm.ngram.free import free
from lm.ngram.held import held
from lm.ngram.model import NgramModel, Text
from lm.ngram.run import Measured, Mode, NgramRun, run, table
from lm.ngram.words import documentation_words

__all__ = [
    "Measured",
    "Mode",
    "NgramModel",
    "NgramRun",
    "Text",
    "documentation_words",
    "free",
    "held",
    "run",
    "table",
]
