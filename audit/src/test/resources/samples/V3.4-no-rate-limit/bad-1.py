from fastapi import FastAPI
from vllm import LLM

app = FastAPI()
