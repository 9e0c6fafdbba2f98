"""How tests ask the cluster: the paths of its objects, and the queries that read them."""

import asyncio
import subprocess
import sys

from agent.evidence import query
from agent.evidence.answer import Answer
from agent.evidence.cluster import ClusterSource
from agent.evidence.query import Query

POD = "/api/v1/namespaces/shop/pods/web-0001"
PODS = "/api/v1/namespaces/shop/pods"
EVENTS = "/api/v1/namespaces/shop/events"
LOG = POD + "/log"
GET_POD = query.get("Pod", "shop", "web-0001")
LOGS = query.logs("shop", "web-0001", "web")


def ask(*queries: Query, timeout: float = 5.0) -> list[Answer]:
    source = ClusterSource.connect(timeout=timeout)

    async def all_of_them() -> list[Answer]:
        return list(await asyncio.gather(*(source.answer(each) for each in queries)))

    return asyncio.run(all_of_them())


def ask_one(what: Query, timeout: float = 5.0) -> Answer:
    return ask(what, timeout=timeout)[0]


def printed_by(program: str) -> str:
    """What a Python program prints in a process of its own, which must end by itself and say no more."""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stderr == ""
    return ended.stdout
