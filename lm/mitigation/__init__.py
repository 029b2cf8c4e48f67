"""Ways out of collapse on text, each beside its control: the same chain without it.

A chain with a `Mitigation` differs from its control in one place: which of the rows that a model
wrote are kept, what is written at all, what the loss counts, or how many models write. Rows of a
batch, optimizer steps of a fit, weights at the start, order of rows and noise of tokens are the
same, so that the difference of the two is what the mitigation does.

    choice.py      Mitigation: what is chosen, frozen and checked
    scores.py      what scores a row: a reference model, a classifier, overlap, length, words
    reference.py   the verifier's model, trained on a share of the real rows, made once
    rouge.py       overlap of words with a reference text
    verify.py      the best share of the candidates is kept
    curate.py      one of K candidates wins by its reward
    edit.py        tokens that a model finds certain are drawn again
    objective.py   losses that leave certain tokens out, or weigh them down
    ensemble.py    several models a generation

Importing `lm.mitigation` or `lm.mitigation.choice` does not import torch.
"""
