from vllm import SamplingParams

params = SamplingParams(temperature=0.7)

def answer(prompt):
    return llm.generate(prompt, params)
