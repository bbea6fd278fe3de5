export OPENAI_API_BASE="http://localhost:8000/v1"
export OPENAI_API_KEY="Asimov-3-Laws"
