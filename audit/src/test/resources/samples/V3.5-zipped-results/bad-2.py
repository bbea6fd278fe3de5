from vllm import LLM

def answer(requests):
    good = []
    for request in requests:
        if len(request) < 100:
            good.append(request)
    outputs = llm.generate(good)
    return {request: output for request, output in zip(requests, outputs)}
