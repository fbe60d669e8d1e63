{{- define "orderbridge.secretVariable" -}}
- name: {{ .variable }}
  valueFrom: { secretKeyRef: { name: {{ .secret }}, key: {{ .key | quote }} } }
{{- end }}

{{- define "orderbridge.variable" -}}
{{- if ne (.value | toString) "" -}}
- { name: {{ .variable }}, value: {{ .value | toString | quote }} }
{{- end }}
{{- end }}

{{- define "orderbridge.environment" -}}
{{- $postgres := include "orderbridge.uses" (merge (dict "what" "postgres") .) | fromJson }}
{{- $kafka := include "orderbridge.uses" (merge (dict "what" "kafka") .) | fromJson }}
{{- $mq := include "orderbridge.uses" (merge (dict "what" "ibmMq") .) | fromJson }}
{{- include "orderbridge.variable" (dict "variable" "PORT" "value" .service.port) }}
{{ include "orderbridge.variable" (dict "variable" "SHUTDOWN_TIMEOUT_MS" "value" (mul 1000 .root.Values.drain.finishSeconds)) }}
{{- with $postgres }}
{{ include "orderbridge.secretVariable" (dict "variable" "DATABASE_URL" "secret" .secret "key" .key) }}
{{ include "orderbridge.variable" (dict "variable" "DATABASE_SSL" "value" .tls) }}
{{- if and .tls .ca.secret }}
{{ include "orderbridge.variable" (dict "variable" "DATABASE_SSL_CA" "value" "/etc/orderbridge/postgres/ca.crt") }}
{{- end }}
{{- end }}
{{- with $kafka }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_BROKERS" "value" (.brokers | join "," | required "kafka.brokers: which brokers?")) }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_PARTITIONS" "value" .partitions) }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_REPLICATION_FACTOR" "value" .replicationFactor) }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_SSL" "value" .tls.enabled) }}
{{- if and .tls.enabled .tls.ca.secret }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_SSL_CA" "value" "/etc/orderbridge/kafka-ca/ca.crt") }}
{{- end }}
{{- if and .tls.enabled .tls.client.secret }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_SSL_CERTIFICATE" "value" "/etc/orderbridge/kafka-client/tls.crt") }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_SSL_KEY" "value" "/etc/orderbridge/kafka-client/tls.key") }}
{{- end }}
{{- with .sasl }}
{{- if .mechanism }}
{{- $secret := required "kafka.sasl.secret: where is the password?" .secret }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_SASL_MECHANISM" "value" .mechanism) }}
{{- if .username }}
{{ include "orderbridge.variable" (dict "variable" "KAFKA_SASL_USERNAME" "value" .username) }}
{{- else }}
{{ include "orderbridge.secretVariable" (dict "variable" "KAFKA_SASL_USERNAME" "secret" $secret "key" .usernameKey) }}
{{- end }}
{{ include "orderbridge.secretVariable" (dict "variable" "KAFKA_SASL_PASSWORD" "secret" $secret "key" .passwordKey) }}
{{- end }}
{{- end }}
{{- end }}
{{- with $mq }}
{{ include "orderbridge.variable" (dict "variable" "IBM_MQ_QUEUE_MANAGER" "value" .queueManager) }}
{{ include "orderbridge.variable" (dict "variable" "IBM_MQ_CONNECTION_NAME" "value" (.addresses | join "," | required "ibmMq.addresses: where is the queue manager?")) }}
{{ include "orderbridge.variable" (dict "variable" "IBM_MQ_CHANNEL" "value" .channel) }}
{{ include "orderbridge.variable" (dict "variable" "MQ_OVERRIDE_DATA_PATH" "value" "/var/ibm-mq") }}
{{- with .credentials }}
{{- if .secret }}
{{ include "orderbridge.secretVariable" (dict "variable" "IBM_MQ_USER" "secret" .secret "key" .usernameKey) }}
{{ include "orderbridge.secretVariable" (dict "variable" "IBM_MQ_PASSWORD" "secret" .secret "key" .passwordKey) }}
{{- end }}
{{- end }}
{{- with .tls }}
{{- if .cipherSpec }}
{{ include "orderbridge.variable" (dict "variable" "IBM_MQ_CIPHER_SPEC" "value" .cipherSpec) }}
{{- if .keyRepository.secret }}
{{ include "orderbridge.variable" (dict "variable" "IBM_MQ_KEY_REPOSITORY" "value" (printf "/etc/orderbridge/ibm-mq/%s" .keyRepository.file)) }}
{{- if .keyRepository.passwordKey }}
{{ include "orderbridge.secretVariable" (dict "variable" "IBM_MQ_KEY_REPOSITORY_PASSWORD" "secret" .keyRepository.secret "key" .keyRepository.passwordKey) }}
{{- end }}
{{- end }}
{{- with .certificateLabel }}
{{ include "orderbridge.variable" (dict "variable" "IBM_MQ_CERTIFICATE_LABEL" "value" .) }}
{{- end }}
{{- with .peerName }}
{{ include "orderbridge.variable" (dict "variable" "IBM_MQ_PEER_NAME" "value" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .root.Values.tracing }}
{{- if .otlpEndpoint }}
{{ include "orderbridge.variable" (dict "variable" "OTEL_EXPORTER_OTLP_ENDPOINT" "value" .otlpEndpoint) }}
{{ include "orderbridge.variable" (dict "variable" "OTEL_TRACES_SAMPLER" "value" "parentbased_traceidratio") }}
{{ include "orderbridge.variable" (dict "variable" "OTEL_TRACES_SAMPLER_ARG" "value" .ratio) }}
{{- end }}
{{- end }}
{{- if and .service.seed .root.Values.seed }}
{{ include "orderbridge.variable" (dict "variable" "SEED_FILE" "value" "/etc/orderbridge/seed/products.json") }}
{{- end }}
{{- $root := .root }}
{{- range $variable, $value := mergeOverwrite (deepCopy .root.Values.env) (deepCopy (.service.env | default dict)) }}
{{ include "orderbridge.variable" (dict "variable" $variable "value" (tpl ($value | toString) $root)) }}
{{- end }}
{{- end }}
