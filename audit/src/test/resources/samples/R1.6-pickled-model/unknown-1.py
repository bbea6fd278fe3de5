import pickle

from fastapi import FastAPI

app = FastAPI()


def unpacked(message):
    return pickle.loads(message)
