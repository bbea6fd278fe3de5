from fastapi import FastAPI
from ray import serve

app = FastAPI()


@serve.deployment(ray_actor_options={"num_cpus": 1, "memory": 1000000000})
@serve.ingress(app)
class Model:
    @app.post("/predict")
    def predict(self, text: str):
        return text


serve.start(http_options={"port": 5000})
serve.run(Model.bind())
