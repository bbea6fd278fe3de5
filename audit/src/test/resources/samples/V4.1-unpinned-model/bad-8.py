from ray import serve
from sentence_transformers import SentenceTransformer


@serve.deployment
class Embedder:
    def __init__(self, name: str):
        self.model = SentenceTransformer(name)


def build(args):
    return Embedder.bind("intfloat/e5-base")
