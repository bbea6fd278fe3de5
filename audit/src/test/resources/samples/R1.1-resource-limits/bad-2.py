from ray import serve

@serve.deployment(num_replicas=2, ray_actor_options={"num_gpus": 1})
class Service:
    def __call__(self, request):
        return "ok"
