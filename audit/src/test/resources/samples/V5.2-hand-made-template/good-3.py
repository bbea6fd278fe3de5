from vllm import LLM

SYSTEM = "You are kind."

def ask():
    return f"<|im_start|>system\n{SYSTEM}<|im_end|>"
