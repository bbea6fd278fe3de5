from fastapi import FastAPI, Request

app = FastAPI()


@app.post("/generate")
async def generate(request: Request):
    asked = await request.json()
    return {"text": asked["prompt"]}
