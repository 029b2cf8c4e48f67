"""What a caller may choose of any family: fields by name, and the engine."""

from __future__ import annotations

from collections.abc import Sequence

from theory.workflow import UnsupportedWorkflow, Workflow


def chosen_fields(fields: Sequence[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The fields asked for, all that are known if None.

    Raises:
        ValueError: one that is not known.

    Example:
        >>> chosen_fields(["bias"], ("error", "bias")), chosen_fields(None, ("error",))
        (('bias',), ('error',))
    """
    for name in fields or ():
        if name not in known:
            raise ValueError(f"unknown field {name!r}: choose from {', '.join(known)}")
    return known if fields is None else tuple(fields)


def require_method(method: str, methods: tuple[str, ...]) -> None:
    """Refuse an engine that is not one of the family's.

    Raises:
        ValueError: naming those that are.
    """
    if method not in methods:
        raise ValueError(f"unknown method {method!r}: choose from {', '.join(methods)}")


def chosen_method(
    method: str,
    methods: tuple[str, ...],
    workflow: Workflow,
    told: str = "method 'rows' draws them",
) -> str:
    """The engine asked for; 'auto' is 'statistics' but under subsampling, then 'rows'.

    Raises:
        ValueError: an unknown one.
        UnsupportedWorkflow: 'statistics' of a subsample; `told` says what draws its rows.

    Example:
        >>> chosen_method("auto", ("auto", "statistics", "rows"), Workflow.accumulate_subsample(5))
        'rows'
    """
    require_method(method, methods)
    if method == "statistics" and workflow.budget is not None:
        raise UnsupportedWorkflow(
            f"statistics of {workflow}: a subsample takes single rows; {told}"
        )
    if method == "auto":
        return "statistics" if workflow.budget is None else "rows"
    return method
