import pytest

from e2e.cluster.errors import ClusterError
from e2e.support.waiting import wait_for


def test_the_first_truthy_value_is_returned():
    values = iter([None, "", "there"])
    assert wait_for(lambda: next(values), 5, every=0) == "there"


def test_an_error_of_kubectl_means_not_yet():
    answers = iter([ClusterError("not found"), "there"])

    def ask():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_for(ask, 5, every=0) == "there"


def test_a_timeout_says_what_was_awaited_and_the_last_state():
    with pytest.raises(TimeoutError, match=r"the pod: not within 0 s; last state: \{'phase': 'Pending'\}"):
        wait_for(lambda: {} or _fail({"phase": "Pending"}), 0, "the pod", every=0)


def test_other_errors_are_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        wait_for(lambda: 1 / 0, 5)


def _fail(state):
    raise AssertionError(state)
