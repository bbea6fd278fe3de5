import joblib
from fastapi import FastAPI

app = FastAPI()
model = joblib.load("model.joblib")
