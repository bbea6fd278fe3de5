from time import monotonic

from fastapi import FastAPI


class RateLimiter:
    def __init__(self, limit):
        self.limit = limit
        self.calls = {}

    def allow(self, key):
        now = monotonic()
        recent = [at for at in self.calls.get(key, []) if at > now - 60]
        self.calls[key] = recent + [now]
        return len(recent) < self.limit


app = FastAPI()
limiter = RateLimiter(60)
