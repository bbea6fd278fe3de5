from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/end")
def end():
    try:
        return engine.end()
    except RuntimeError as e:
        raise HTTPException(status_code=409, detail=str(e))
