from fastapi import FastAPI

def given(api_key):
    return api_key is not None and api_key != ""
