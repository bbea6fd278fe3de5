from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse

app = FastAPI()


async def pieces(text):
    try:
        for word in generate(text):
            yield word
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))


@app.post("/speak")
async def speak(text: str):
    return StreamingResponse(pieces(text))
