import os

from ray import serve

most = int(os.environ["MOST"])


@serve.deployment(autoscaling_config={"min_replicas": 1, "max_replicas": most})
class Model:
    async def __call__(self, request):
        return "a"
