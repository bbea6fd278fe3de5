import json

from fastapi import FastAPI

app = FastAPI()


@app.get("/settings")
def settings():
    with open("settings.json") as file:
        return json.loads(file.read())
