IMAGE ?= vllm/vllm-openai:latest
python3 - <<'PY'
held = [{"name": "one", "image": "vllm/vllm-openai:v0.26.0", "cmd": ["--model", "/models/a"]}]
PY
