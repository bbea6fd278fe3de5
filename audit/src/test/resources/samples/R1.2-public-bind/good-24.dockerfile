FROM vllm/vllm-openai:v0.18.0
COPY handler.py /handler.py
CMD ["python3", "-u", "/handler.py"]
