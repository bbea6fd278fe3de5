from ray import serve

@serve.deployment(ray_actor_options={"num_cpus": 2, "memory": 4 * 1024**3})
class Service:
    def __call__(self, request):
        return "ok"
