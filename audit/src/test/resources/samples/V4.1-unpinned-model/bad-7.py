from fastapi import FastAPI
from transformers import pipeline

app = FastAPI()
ask = pipeline("text-generation", model="gpt2")
