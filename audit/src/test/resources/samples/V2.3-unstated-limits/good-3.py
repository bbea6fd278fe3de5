from vllm import LLM

def make(**options):
    return LLM(model="/models/llama", **options)
