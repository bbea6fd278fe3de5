import pickle
from fastapi import FastAPI

app = FastAPI()
model = pickle.load(open("model.pkl", "rb"))
