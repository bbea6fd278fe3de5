HOST="${VLLM_HOST:-0.0.0.0}"
cmd=("${PYTHON_BIN}" -m vllm.entrypoints.openai.api_server
  # a comment
  --model /models/a
  --host "${HOST}"
)
exec "${cmd[@]}"
