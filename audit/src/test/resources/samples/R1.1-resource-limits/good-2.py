from ray import serve

@serve.deployment
class Service:
    def __call__(self, request):
        return "ok"

limits = {"num_cpus": 1, "memory": 2_000_000_000}
app = Service.options(ray_actor_options=limits).bind()
