from fastapi import APIRouter
from vllm import LLM

router = APIRouter(prefix="/v1")

@router.post("/completions")
async def completions(prompt: str):
    return await engine.generate(prompt)
