"""The table of what clients cannot do, and the tests, cover every client and operation between them."""

import pytest

import test_operations
from abilities import CANNOT, OPERATIONS
from drivers import CLIENTS


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", CLIENTS)
def test_each_pair_is_either_driven_or_explained(name, operation):
    driven = hasattr(CLIENTS[name], operation)
    explained = bool(CANNOT.get((name, operation)))
    assert driven != explained, f"{name} {operation}: a driver {driven}, a reason {explained}"


def test_each_operation_is_a_test_and_each_test_an_operation():
    tests = {name.removeprefix("test_") for name in vars(test_operations) if name.startswith("test_")}
    assert tests == set(OPERATIONS)


def test_the_table_names_only_what_there_is():
    assert {name for name, _ in CANNOT} <= set(CLIENTS)
    assert {operation for _, operation in CANNOT} <= set(OPERATIONS)
