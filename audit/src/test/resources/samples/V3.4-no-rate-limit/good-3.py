from fastapi import Depends, FastAPI
from vllm import LLM
from limits_of_ours import rate_limit

app = FastAPI(dependencies=[Depends(rate_limit)])
