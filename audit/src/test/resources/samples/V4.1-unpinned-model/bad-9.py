from langchain_community.llms import VLLM

llm = VLLM(model="meta-llama/Llama-3.1-8B", vllm_kwargs={"max_model_len": 4096})
