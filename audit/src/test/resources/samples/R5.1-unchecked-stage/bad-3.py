from ray import serve

@serve.deployment
class Model:
    def predict(self, rows, limit):
        return self.model(rows)[:limit]

@serve.deployment
class Ingress:
    def __init__(self, model):
        self.model = model

app = Ingress.bind(model=Model.options(num_replicas=2).bind())
