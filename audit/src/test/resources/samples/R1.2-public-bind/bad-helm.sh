exec vllm serve {{ .Values.model | quote }} \
  {{- if .Values.length }}
  --max-model-len {{ .Values.length }} \
  {{- end }}
  --port 8000
