import ray
from ray import serve


@serve.deployment
class Questions:
    def ask(self, text):
        return text


handle = serve.run(Questions.bind(), name="questions", route_prefix=None)
print(ray.get([handle.ask.remote("one")]))
serve.shutdown()
