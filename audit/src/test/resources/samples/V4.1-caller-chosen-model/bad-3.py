from fastapi import APIRouter
from vllm.lora.request import LoRARequest

router = APIRouter()

@router.post("/adapter")
async def adapter(request: dict):
    path = request["path"]
    return LoRARequest("adapter", 1, path)
