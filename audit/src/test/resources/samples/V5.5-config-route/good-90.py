from core.config import settings
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class UserSettings(BaseModel):
    theme: str = "dark"


class ServerConfig(BaseModel):
    name: str


@app.put("/settings")
async def update(settings: UserSettings):
    return {"data": settings.dict()}


@app.get("/settings")
async def defaults():
    return {"data": UserSettings().dict()}


@app.post("/servers")
async def add(name: str):
    config = ServerConfig(name=name)
    return config.model_dump()
