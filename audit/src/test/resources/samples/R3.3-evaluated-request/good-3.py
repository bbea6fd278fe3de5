from ray import serve

@serve.deployment
class Service:
    def __init__(self, model):
        self.model = model
        self.model.eval()
