import os

from ray import serve

places = int(os.environ["PLACES"])


@serve.deployment(max_ongoing_requests=places, max_queued_requests=100)
class Model:
    async def __call__(self, request):
        return "a"
