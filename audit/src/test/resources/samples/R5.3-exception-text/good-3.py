from fastapi import FastAPI

def predict(text):
    try:
        return model(text)
    except Exception as e:
        raise RuntimeError(str(e)) from e
