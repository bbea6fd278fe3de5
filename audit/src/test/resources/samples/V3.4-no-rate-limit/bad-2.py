from fastapi import FastAPI
from ray import serve

app = FastAPI(title="service")
