from fastapi import FastAPI
from ray import serve

app = FastAPI()

@app.post("/call/{name}")
async def call(name: str):
    handle = serve.get_deployment_handle(name, "shop")
    return await handle.remote()
