import pickle

from fastapi import FastAPI

app = FastAPI()
settings = {"temperature": 0.2}


@app.get("/settings")
def read():
    return pickle.loads(pickle.dumps(settings))
