from fastapi import Depends, FastAPI
from pydantic import BaseModel
from ray import serve

app = FastAPI()


class Options(BaseModel):
    size: int = 1


@serve.deployment
@serve.ingress(app)
class Model:
    @app.post("/ask")
    def ask(self, text: str, options: Options = Depends()):
        return text
