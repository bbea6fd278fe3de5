import numpy
from ray import serve

@serve.deployment
class Embed:
    def encode(self, image: numpy.ndarray) -> numpy.ndarray:
        return self.model(image)

@serve.deployment
class Ingress:
    def __init__(self, embed):
        self.embed = embed

app = Ingress.bind(Embed.bind())
