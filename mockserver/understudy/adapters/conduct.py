"""Driving the simulator's pipeline: it runs through at once unless a store must be awaited, or work takes long."""

import asyncio

from understudy.core.messages import Answer
from understudy.core.simulator import Steps
from understudy.core.work import Work


async def conduct(steps: Steps) -> Answer:
    """Run a pipeline to its answer, awaiting what it yields; work that takes long is done in a thread."""
    loop = asyncio.get_running_loop()
    result = None
    try:
        pending = steps.send(None)
        while True:
            try:
                if isinstance(pending, Work):
                    result = await loop.run_in_executor(None, pending.run)
                else:
                    result = await pending
            except Exception as failure:
                pending = steps.throw(failure)
            else:
                pending = steps.send(result)
    except StopIteration as done:
        answer: Answer = done.value
        return answer


def conduct_at_once(steps: Steps) -> Answer:
    """Run a pipeline over a store that answers at once; work that takes long is done here and now."""
    try:
        pending = steps.send(None)
        while isinstance(pending, Work):
            try:
                result = pending.run()
            except Exception as failure:
                pending = steps.throw(failure)
            else:
                pending = steps.send(result)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    raise RuntimeError("this store must be awaited: use conduct()")
