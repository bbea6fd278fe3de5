from fastapi import FastAPI
from settings import Settings

app = FastAPI()
settings = Settings()

@app.get("/config")
def config():
    return {"config": settings.model_dump()}
