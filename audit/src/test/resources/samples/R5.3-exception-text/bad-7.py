from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

app = FastAPI()


@app.post("/speak")
async def speak(text: str):
    try:
        def pieces():
            yield from generate(text)

        return StreamingResponse(pieces())
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))
