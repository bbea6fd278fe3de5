import pickle
from ray import serve

@serve.deployment
class Service:
    def __init__(self):
        with open("model.pkl", "rb") as file:
            self.model = pickle.load(file)
