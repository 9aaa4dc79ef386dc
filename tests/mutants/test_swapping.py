"""A mutant lives in a process that has imported its module, and in all that took the function from there."""

import gc
import importlib.util
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest
from zegel_mutants.mutate import Mutant, make_mutants
from zegel_mutants.swap import find_living, swap_in

pytestmark = pytest.mark.slow

SOURCE = dedent("""
    from functools import lru_cache

    @lru_cache
    def limited(number):
        if number > 3:
            raise RuntimeError("too much")
        return number

    class It:
        @property
        def open(self):
            if self.closed:
                raise RuntimeError("closed")
            return "open"

        closed = True

    def positive(word):
        def check(number):
            check_sign(number, word)
            return number
        return check

    def check_sign(number, word):
        if number < 0:
            raise RuntimeError(word)
        return number

    def checked(most):
        return lambda number: check_most(number, most)

    def check_most(number, most):
        if number > most:
            raise RuntimeError("too much")
        return number
""")


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    path = tmp_path / "mutable.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("mutable", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mutant_with(diff: str) -> Mutant:
    return next(mutant for mutant in make_mutants("mutable.py", SOURCE, {}) if diff in mutant.diff)


def swap(module: ModuleType, diff: str) -> int:
    assert module.__file__
    return swap_in(mutant_with(diff), path=module.__file__, source=SOURCE, living=find_living())


def test_a_name_that_was_imported_before_leads_to_the_mutant(module: ModuleType) -> None:
    limited = module.limited
    assert swap(module, "> 3) and False") == 1
    assert limited(4) == 4


def test_what_a_cache_holds_of_before_is_forgotten(module: ModuleType) -> None:
    assert module.limited(3) == 3
    swap(module, ">= 3")
    with pytest.raises(RuntimeError, match="too much"):
        module.limited(3)


def test_a_property_leads_to_the_mutant(module: ModuleType) -> None:
    it = module.It()
    with pytest.raises(RuntimeError, match="closed"):
        _ = it.open
    assert swap(module, "(self.closed) and False") == 1
    assert it.open == "open"


def test_a_function_that_was_made_before_is_the_mutant_though_it_closes_over_less(module: ModuleType) -> None:
    check = module.positive("negative")
    with pytest.raises(RuntimeError, match="negative"):
        check(-1)
    assert swap(module, "+        pass") == 2
    assert check(-1) == -1


def test_a_lambda_that_was_made_before_is_the_mutant(module: ModuleType) -> None:
    check = module.checked(3)
    with pytest.raises(RuntimeError, match="too much"):
        check(4)
    assert swap(module, "lambda number: None") == 2
    assert check(4) is None


def test_a_function_that_the_collector_of_garbage_passes_over_is_the_mutant(module: ModuleType) -> None:
    gc.freeze()  # as at the end of the collection
    assert swap(module, "> 3) and False") == 1
    assert module.limited(4) == 4
    assert gc.get_freeze_count(), "the collector passes over it as before"


def test_a_function_within_one_need_not_live_before_it_is_called(module: ModuleType) -> None:
    assert swap(module, "+        pass") == 1
    assert module.positive("negative")(-1) == -1


def test_a_mutant_whose_function_does_not_live_is_an_error(module: ModuleType) -> None:
    del module.limited
    gc.collect()
    with pytest.raises(LookupError, match="no living limited"):
        swap(module, "> 3) and False")


def test_a_mutant_of_a_module_that_was_not_imported_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mutable.py"
    with pytest.raises(LookupError, match=r"no living limited of .*mutable\.py"):
        swap_in(mutant_with("> 3) and False"), path=str(path), source=SOURCE, living=find_living())


def test_other_functions_stay_as_they_were(module: ModuleType) -> None:
    swap(module, "(self.closed) and False")
    with pytest.raises(RuntimeError, match="too much"):
        module.limited(4)
    assert "mutable" not in sys.modules
