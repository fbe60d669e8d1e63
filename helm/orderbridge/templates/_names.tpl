{{/* A template about one service takes a dict: root (.), name and service. */}}

{{- define "orderbridge.name" -}}
{{ printf "%s-%s" .root.Release.Name .name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "orderbridge.selector" -}}
app.kubernetes.io/part-of: orderbridge
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- define "orderbridge.chartLabels" -}}
app.kubernetes.io/part-of: orderbridge
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "orderbridge.labels" -}}
{{ include "orderbridge.chartLabels" .root }}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
{{- end }}

{{/* Whether the number of replicas moves. */}}
{{- define "orderbridge.scales" -}}
{{- with .service.scaling }}{{ if gt (int .max) (int .min) }}true{{ end }}{{ end }}
{{- end }}

{{/* What a service uses of postgres, kafka or ibmMq, as JSON: the chart's values under its own. */}}
{{- define "orderbridge.uses" -}}
{{- if hasKey .service .what }}
{{- mergeOverwrite (deepCopy (index .root.Values .what)) (deepCopy (index .service .what | default dict)) | toJson }}
{{- else }}null
{{- end }}
{{- end }}
