from fastapi import APIRouter

BAD = 400
router = APIRouter()

@router.post("/predict")
def predict(text: str):
    return "empty", BAD
