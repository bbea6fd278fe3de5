import os

os.environ.pop("VLLM_ALLOW_INSECURE_SERIALIZATION", None)
