import os

os.environ.setdefault("VLLM_ALLOW_INSECURE_SERIALIZATION", "1")
