from vllm import LLM

def ask(llm, user):
    return llm.chat([{"role": "user", "content": user}])
