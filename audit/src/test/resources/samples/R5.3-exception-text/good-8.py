from fastapi import HTTPException
from ray import serve


@serve.deployment
class Classifier:
    def classify(self, image):
        try:
            return len(image)
        except Exception as e:
            raise HTTPException(status_code=500, detail=f"error: {e}")
