from vllm import SamplingParams

def answer(prompt, limit):
    params = SamplingParams(temperature=0.7)
    params.max_tokens = limit
    return llm.generate(prompt, params)
