"""The same deployments for Ray Serve. `CALLS` is the limit of calls at once in a replica."""

import asyncio
import os

from ray import serve
from starlette.requests import Request
from starlette.responses import StreamingResponse

LIMITS = {"max_ongoing_requests": int(os.environ.get("CALLS", "100"))}


@serve.deployment(**LIMITS)
class Noop:
    async def __call__(self, request: Request):
        return "ok"


@serve.deployment(**LIMITS)
class Inner:
    async def __call__(self, value):
        return "ok"


@serve.deployment(**LIMITS)
class Outer:
    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, request: Request):
        return await self.inner.remote(1)


@serve.deployment(**LIMITS)
class Streams:
    async def __call__(self, request: Request):
        async def chunks():
            for _ in range(100):
                yield "data: 0123456789\n\n"
                await asyncio.sleep(0)

        return StreamingResponse(chunks(), media_type="text/event-stream")


noop = Noop.bind()
chain = Outer.bind(Inner.bind())
stream = Streams.bind()
