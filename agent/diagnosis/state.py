"""States: what is reported for an object with nothing wrong."""

from dataclasses import dataclass
from typing import Literal

from agent.diagnosis.read.quote import Quote
from agent.ref import Ref


@dataclass(frozen=True)
class State:
    """What a rule reports for an entity in which it finds nothing wrong.

    healthy: in its desired state. recovered: had a problem, is healthy now. intended: looks like trouble
    but somebody wants it so (scaled to zero, suspended). progressing: on its way, within its time. gone:
    does not exist any more. `settles`: the condition of the alert itself was measured, so this answers it
    even where the state of objects would not.
    """

    kind: Literal["healthy", "recovered", "intended", "progressing", "gone"]
    entity: Ref
    sentence: str
    quotes: tuple[Quote, ...] = ()
    settles: bool = False
