from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/validate")
def validate():
    try:
        return {"valid": True, "message": "nothing to do"}
    except Exception as e:
        raise HTTPException(status_code=400, detail=f"invalid: {e}")
