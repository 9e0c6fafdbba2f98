"""Queries: one line of text names one read, and is read back unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence import query as q
from agent.evidence.query import Query, QueryError

TEXTS = [
    "get Pod shop/web-1", "get Node n1", "list Pod shop", "list Pod * field=metadata.name=x",
    "list Pod shop label=app=web,tier in (a,b) field=spec.nodeName=x", "list Deployment shop label=app=web,x!=y",
    "events shop", "events shop Pod/web-1", "logs shop/web-1 main", "logs shop/web-1 main previous",
    "usage shop", "usage shop web-1", 'metrics sum(rate(x{a="b c"}[5m])) by (pod)',
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_query_is_read_back_from_its_text(text: str) -> None:
    assert str(Query.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "get", "delete Pod shop/web-1", "get Pod a/b/c", "logs web-1 main", "list Pod"]
)
def test_what_is_no_query_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(QueryError, match="the forms are"):
        Query.parse(text)


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True)


@given(NAMES, NAMES, NAMES)
def test_every_query_that_can_be_built_can_be_read_back(namespace: str, name: str, container: str) -> None:
    for query in (
        q.get("Pod", namespace, name), q.get("Node", "", name), q.listing("Pod", namespace, label=f"app={name}"),
        q.events(namespace, "Pod", name), q.logs(namespace, name, container, previous=True), q.usage(namespace, name),
    ):  # fmt: skip
        assert Query.parse(str(query)) == query
