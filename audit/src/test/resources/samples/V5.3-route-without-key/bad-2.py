from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from ray import serve

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["*"])

@serve.deployment
@serve.ingress(app)
class Service:
    @app.post("/predict")
    async def predict(self, text: str):
        return self.model(text)
