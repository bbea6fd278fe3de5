import pickle

from fastapi import FastAPI

with open("loader.pickle", "wb") as file:
    pickle.dump(loader, file)

with open("loader.pickle", "rb") as file:
    loader = pickle.load(file)
