from fastapi import FastAPI
from tests import LoadTestConfig

app = FastAPI()


@app.post("/start")
async def start(config: LoadTestConfig):
    if config.model == "auto":
        config.model = await name()
    return {"status": "started", "config": config.model_dump()}
