from fastapi import FastAPI, HTTPException

app = FastAPI()


def ask(text):
    try:
        return forward(text)
    except Exception as e:
        raise HTTPException(status_code=502, detail=str(e))


@app.post("/ask")
def route(text: str):
    try:
        return ask(text)
    except HTTPException:
        raise
    except Exception:
        raise HTTPException(status_code=503, detail="try again later")
