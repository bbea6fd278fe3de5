from ray import serve

@serve.deployment
class Embed:
    def encode(self, image):
        return self.model(image)

@serve.deployment
class Ingress:
    def __init__(self, embed):
        self.embed = embed

app = Ingress.bind(Embed.bind())
