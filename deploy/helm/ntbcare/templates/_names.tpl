{{- define "ntbcare.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end -}}
{{- end }}

{{- /* What the chart knows of the code: `make facts` writes it. */ -}}
{{- define "ntbcare.facts" -}}
{{ .Files.Get "files/facts.json" }}
{{- end }}

{{- /* root, name: of all that belongs to one part. */ -}}
{{- define "ntbcare.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "ntbcare.labels" -}}
{{ include "ntbcare.selector" . }}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- /* root, name, object (its name after the release's; none: the release's own): what every object begins with. */ -}}
{{- define "ntbcare.metadata" -}}
name: {{ include "ntbcare.fullname" .root }}{{ with .object }}-{{ . }}{{ end }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "ntbcare.labels" . | nindent 2 }}
  {{- with .labels }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}

{{- define "ntbcare.image" -}}
{{- $image := .root.Values.image -}}
{{- $path := printf "%s-%s" $image.name .name -}}
{{- if $image.registry }}{{ $path = printf "%s/%s" (trimSuffix "/" $image.registry) $path }}{{ end -}}
{{- with index $image.digests .name -}}
{{ $path }}@{{ . }}
{{- else -}}
{{ $path }}:{{ default .root.Chart.AppVersion $image.tag }}
{{- end }}
{{- end }}

{{- /* Where Kafka is and how one logs in there: the cluster of `strimzi`, or the one that `kafka` names. */ -}}
{{- define "ntbcare.kafka" -}}
{{- $full := include "ntbcare.fullname" . -}}
{{- if .Values.strimzi.enabled -}}
bootstrap: {{ $full }}-kafka-bootstrap:9093
protocol: SASL_SSL
mechanism: SCRAM-SHA-512
userPrefix: {{ $full }}
ca: {secret: {{ $full }}-cluster-ca-cert, key: ca.crt}
{{- else -}}
bootstrap: {{ .Values.kafka.bootstrap | quote }}
{{- toYaml .Values.kafka.security | nindent 0 }}
{{- end }}
{{- end }}
