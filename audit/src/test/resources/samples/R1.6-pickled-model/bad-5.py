import pickle

import redis
from fastapi import FastAPI

app = FastAPI()
store = redis.Redis()


@app.get("/model")
def model():
    return str(pickle.loads(store.get("model")))
