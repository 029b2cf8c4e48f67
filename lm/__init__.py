"""The language-model regime: the same workflows on real text.

A chain is the one of `theory.workflow`: fit t trains a causal language model on rows of earlier
batches, then the model writes synthetic batch t, a row being one text. Batch 0 is real. The same
`Workflow` decides who trains on what. The number reported is the cross-entropy on held-out real
text, in nats a token.

    config.py      Recipe: one experiment, frozen and checked
    reading.py     a Recipe from TOML, with one-line errors
    recipes/       the experiments that ship: real text of the standard library, the published runs
    stdlib.py      text that every Python has: docstrings of its library, topics of its manual
    corpus.py      rows of any source, split into training and held-out rows, with their hash
    tokenizer.py   byte-level BPE of the real rows, or the model's own; texts to token rows
    model.py       a causal model from sizes, a folder or the hub; parameters counted
    batches.py     rows of a fit in steps and padded micro-batches, in an order that a seed decides
    finetune.py    the training loop
    crossentropy.py its loss and gradient in one pass over the logits
    sample.py      rows that a model writes: exact samples, each token by a uniform of its own
    writer.py      a synthetic batch: what is written, and which rows are kept
    mitigation/    ways out of collapse, each beside its control
    evaluate.py    held-out cross-entropy
    fits.py        the models of one chain: where each begins, its fit, its held-out loss
    material.py    what the chains of a run share: text, tokenizer, base
    chain.py       fit, measure, write, again; one folder a generation
    run.py         every workflow and seed of a recipe, several at once on a CPU
    value.py       fits to real and synthetic rows together, a grid
    memory.py      too little memory, in one line
    folder.py      folders that are whole or absent, what they are of, and how to read them back
    ngram/         counts of words instead of a network: theory and text tied together in seconds
    textstats.py   what becomes of a text: distinct n-grams, duplicates, entropy, rare words
    results.py     the curves of a run's folder
    losscurve.py   measured and published curves
    progress.py    bars with tokens a second
    __main__.py    python -m lm; a module a command (*_commandline.py)

Needs the extra `lm` (torch, transformers, accelerate, peft, tokenizers, datasets); importing `lm`
itself, or `lm.config`, does not import them.
"""
