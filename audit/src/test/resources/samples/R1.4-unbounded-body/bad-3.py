from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/classify")
async def classify(file: UploadFile):
    image = await file.read()
    return {"class": str(image)}
