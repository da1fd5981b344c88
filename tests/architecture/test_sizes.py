"""What a reader can hold in mind. A bound that is reached asks for a second look, not for a larger number."""

from statistics import median, quantiles

from tests.architecture.source import Function, Module, modules

MEDIAN_MODULE, LONGEST_MODULE = 100, 390
P90_FUNCTION, LONGEST_FUNCTION = 27, 45
LISTS = {"hub.decision.gather.facts_of": 60}
"""Longer with a reason: every fact and where it comes from, in one visible list."""


def _lengths() -> dict[str, int]:
    return {
        f"{module.name}.{function.name}": _length(function) for module in modules() for function in module.functions()
    }


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _own(module: Module) -> bool:
    return module.lines > 3 and not module.path.name.startswith("__")


def test_a_module_is_read_in_one_sitting() -> None:
    sizes = {module.name: module.lines for module in modules() if _own(module)}
    assert {name: size for name, size in sizes.items() if size > LONGEST_MODULE} == {}
    assert median(sizes.values()) <= MEDIAN_MODULE


def test_few_modules_pass_250_lines() -> None:
    long = {module.name for module in modules() if module.lines > 250}
    assert len(long) <= 12, sorted(long)


def test_a_function_fits_on_a_screen() -> None:
    lengths = _lengths()
    assert {name: length for name, length in lengths.items() if length > LISTS.get(name, LONGEST_FUNCTION)} == {}
    assert quantiles(lengths.values(), n=10)[-1] <= P90_FUNCTION
