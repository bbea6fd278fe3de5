import os

os.environ["VLLM_SERVER_DEV_MODE"] = "1"
