import fastapi
import vllm

service = fastapi.FastAPI()
