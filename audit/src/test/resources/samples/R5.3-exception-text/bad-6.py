from fastapi import FastAPI, HTTPException

app = FastAPI()


class NotSupported(Exception):
    pass


@app.post("/ask")
def route(text: str):
    try:
        return embed(text)
    except Exception as e:
        if isinstance(e, NotSupported):
            raise HTTPException(status_code=501, detail="no embeddings")
        else:
            raise HTTPException(status_code=500, detail=str(e))
