from fastapi import FastAPI
from transformers import AutoTokenizer

NAME = "meta-llama/Llama-3.1-8B"
tokenizer = AutoTokenizer.from_pretrained(NAME)
