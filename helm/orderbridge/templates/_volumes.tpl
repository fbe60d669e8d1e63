{{/* What a service has mounted, as JSON: a list of { name, path, readOnly, source }. */}}
{{- define "orderbridge.mounts" -}}
{{- $postgres := include "orderbridge.uses" (merge (dict "what" "postgres") .) | fromJson }}
{{- $kafka := include "orderbridge.uses" (merge (dict "what" "kafka") .) | fromJson }}
{{- $mq := include "orderbridge.uses" (merge (dict "what" "ibmMq") .) | fromJson }}
{{- $mounts := list (dict "name" "tmp" "path" "/tmp" "source" (dict "emptyDir" (dict "sizeLimit" "64Mi"))) }}
{{- with $postgres }}
{{- if and .tls .ca.secret }}
{{- $source := dict "secret" (dict "secretName" .ca.secret "defaultMode" 288 "items" (list (dict "key" .ca.key "path" "ca.crt"))) }}
{{- $mounts = append $mounts (dict "name" "postgres-ca" "path" "/etc/orderbridge/postgres" "readOnly" true "source" $source) }}
{{- end }}
{{- end }}
{{- with $kafka }}
{{- if and .tls.enabled .tls.ca.secret }}
{{- $source := dict "secret" (dict "secretName" .tls.ca.secret "defaultMode" 288 "items" (list (dict "key" .tls.ca.key "path" "ca.crt"))) }}
{{- $mounts = append $mounts (dict "name" "kafka-ca" "path" "/etc/orderbridge/kafka-ca" "readOnly" true "source" $source) }}
{{- end }}
{{- if and .tls.enabled .tls.client.secret }}
{{- $items := list (dict "key" .tls.client.certificate "path" "tls.crt") (dict "key" .tls.client.key "path" "tls.key") }}
{{- $source := dict "secret" (dict "secretName" .tls.client.secret "defaultMode" 288 "items" $items) }}
{{- $mounts = append $mounts (dict "name" "kafka-client" "path" "/etc/orderbridge/kafka-client" "readOnly" true "source" $source) }}
{{- end }}
{{- end }}
{{- with $mq }}
{{- /* IBM's client wants a folder that exists for its logs. */}}
{{- $mounts = append $mounts (dict "name" "ibm-mq-data" "path" "/var/ibm-mq" "source" (dict "emptyDir" (dict "sizeLimit" "64Mi"))) }}
{{- if and .tls.cipherSpec .tls.keyRepository.secret }}
{{- $source := dict "secret" (dict "secretName" .tls.keyRepository.secret "defaultMode" 288) }}
{{- $mounts = append $mounts (dict "name" "ibm-mq-keys" "path" "/etc/orderbridge/ibm-mq" "readOnly" true "source" $source) }}
{{- end }}
{{- end }}
{{- if and .service.seed .root.Values.seed }}
{{- $source := dict "configMap" (dict "name" (printf "%s-seed" .root.Release.Name)) }}
{{- $mounts = append $mounts (dict "name" "seed" "path" "/etc/orderbridge/seed" "readOnly" true "source" $source) }}
{{- end }}
{{- with .service.storage }}
{{- $source := dict "persistentVolumeClaim" (dict "claimName" (include "orderbridge.name" $)) }}
{{- $mounts = append $mounts (dict "name" "storage" "path" .path "source" $source) }}
{{- end }}
{{- $mounts | toJson }}
{{- end }}
