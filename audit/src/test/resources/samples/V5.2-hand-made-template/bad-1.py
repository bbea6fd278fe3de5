from vllm import LLM

def ask(user):
    return f"<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n"
