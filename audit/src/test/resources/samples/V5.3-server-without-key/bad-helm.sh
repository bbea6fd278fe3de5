exec vllm serve {{ .Values.model | quote }} \
  --host {{ .Values.host | quote }}
