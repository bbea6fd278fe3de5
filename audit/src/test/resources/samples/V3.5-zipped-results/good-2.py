from vllm import LLM

def answer(requests):
    good = [request for request in requests if request]
    outputs = llm.generate(good)
    return dict(zip(good, outputs))
