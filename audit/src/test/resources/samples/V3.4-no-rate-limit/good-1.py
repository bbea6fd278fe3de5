from fastapi import FastAPI
from slowapi import Limiter
from vllm import LLM

app = FastAPI()
