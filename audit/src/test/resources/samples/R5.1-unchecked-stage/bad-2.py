from ray import serve

@serve.deployment
class Model:
    async def __call__(self, data):
        return self.model(data)

@serve.deployment
class Ingress:
    def __init__(self, model):
        self.model = model

model = Model.bind()
app = Ingress.bind(model)
