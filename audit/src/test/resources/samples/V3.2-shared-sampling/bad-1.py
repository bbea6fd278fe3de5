from vllm import LLM, SamplingParams

params = SamplingParams(temperature=0.7)

def answer(prompt, limit):
    params.max_tokens = limit
    return llm.generate(prompt, params)
