"""Driving the simulator's pipeline: it runs through at once unless a store must be awaited."""

from understudy.core.messages import Answer
from understudy.core.simulator import Steps


async def conduct(steps: Steps) -> Answer:
    """Run a pipeline to its answer, awaiting what it yields."""
    result = None
    try:
        while True:
            pending = steps.send(result)
            try:
                result = await pending
            except Exception as failure:
                steps.throw(failure)
    except StopIteration as done:
        answer: Answer = done.value
        return answer


def conduct_at_once(steps: Steps) -> Answer:
    """Run a pipeline over a store that answers at once."""
    try:
        steps.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    raise RuntimeError("this store must be awaited: use conduct()")
