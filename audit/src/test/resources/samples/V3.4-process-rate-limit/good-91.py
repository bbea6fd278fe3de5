import asyncio
import time

from fastapi import FastAPI, HTTPException


class Channel:
    def __init__(self):
        self.pending = {}

    def routes(self, app):
        @app.post("/ask")
        async def ask(text: str):
            if not self.limiter.check(text) and time.monotonic() > self.begun:
                raise HTTPException(status_code=429)

        @app.post("/answer")
        async def answer(name: str):
            self.pending[name].set_result(True)
