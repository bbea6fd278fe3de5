from fastapi import FastAPI
from vllm import LLM

def load(model):
    return LLM(model=model)
