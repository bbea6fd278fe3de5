from fastapi import FastAPI
from transformers import GenerationConfig

app = FastAPI()
defaults = GenerationConfig.from_pretrained("/models/llama", trust_remote_code=True)
