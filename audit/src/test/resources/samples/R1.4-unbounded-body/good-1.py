from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


@app.post("/generate")
async def generate(request: Request):
    if int(request.headers.get("content-length", "0")) > 1_000_000:
        raise HTTPException(413)
    asked = await request.json()
    return {"text": asked["prompt"]}
