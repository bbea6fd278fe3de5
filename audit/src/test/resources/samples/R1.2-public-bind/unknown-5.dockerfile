FROM python:3.13-slim
COPY page.py .
CMD ["uvicorn", "page:app", "--host", "0.0.0.0", "--port", "8000"]
