from fastapi import FastAPI
from ray import serve

app = FastAPI()
handle = serve.get_deployment_handle("Model", "shop")

@app.post("/call")
async def call(value: float):
    return await handle.remote(value)
