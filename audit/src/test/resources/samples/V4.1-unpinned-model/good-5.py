from fastapi import FastAPI
from transformers import pipeline

app = FastAPI()
ask = pipeline("text-generation", model="/models/gpt2")
shorten = pipeline("summarization", model="t5-small", revision="df1b051c49625cf57a3d0d8d3863ed4cc13564fe")
