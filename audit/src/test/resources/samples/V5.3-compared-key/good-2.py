from fastapi import FastAPI

def stops(token, tokenizer):
    return token == tokenizer.eos_token
