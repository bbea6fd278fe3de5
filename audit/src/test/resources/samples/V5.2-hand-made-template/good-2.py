from vllm import LLM

def ask(user):
    return f"Question: {user}"
