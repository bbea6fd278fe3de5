from ray import serve


@serve.deployment(autoscaling_config={"min_replicas": 1, "initial_replicas": 1, "max_replicas": 1})
class Model:
    def __call__(self, request):
        return 1
