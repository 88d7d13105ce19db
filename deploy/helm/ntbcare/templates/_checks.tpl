{{- /* What a schema cannot say. */ -}}
{{- define "ntbcare.checks" -}}
{{- $values := .Values -}}
{{- $facts := include "ntbcare.facts" . | fromJson -}}
{{- if and (not $values.strimzi.enabled) (not $values.kafka.bootstrap) -}}
  {{- fail "kafka.bootstrap must name the brokers, or strimzi.enabled be true" -}}
{{- end -}}
{{- if and $values.mongodbCommunity.enabled (or (not $values.mongodbCommunity.certificateSecret) (not $values.mongodbCommunity.caConfigMap)) -}}
  {{- fail "mongodbCommunity wants certificateSecret and caConfigMap: it is never run without TLS" -}}
{{- end -}}
{{- range $name, $service := $values.services -}}
  {{- $scaling := $service.autoscaling -}}
  {{- $most := ternary $service.replicas $scaling.max (eq $scaling.by "none") | int -}}
  {{- if and (has $name $facts.consumers) (gt $most (int $values.kafka.partitions)) -}}
    {{- fail (printf "services.%s: %d replicas, but only %d partitions (kafka.partitions): whoever has none is never ready" $name $most (int $values.kafka.partitions)) -}}
  {{- end -}}
  {{- if and (eq $scaling.by "lag") (not (has $name $facts.consumers)) -}}
    {{- fail (printf "services.%s: autoscaling.by lag, but it consumes nothing" $name) -}}
  {{- end -}}
  {{- if and (ne $scaling.by "none") (gt (int $scaling.min) (int $scaling.max)) -}}
    {{- fail (printf "services.%s: autoscaling.min is more than max" $name) -}}
  {{- end -}}
  {{- $alone := ne $values.blobs.volume.accessMode "ReadWriteMany" -}}
  {{- if and (eq $name "intake") (hasPrefix "file:" $values.blobs.url) $alone (gt $most 1) -}}
    {{- fail "services.intake: several replicas want blobs.volume.accessMode ReadWriteMany, or blobs.url s3://…" -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* obstore reads these, and from the environment only. */ -}}
{{- define "ntbcare.s3" -}}
{{- $s3 := .Values.blobs.s3 -}}
{{- if hasPrefix "s3:" .Values.blobs.url -}}
{{- with $s3.endpoint }}
- {name: AWS_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with $s3.region }}
- {name: AWS_REGION, value: {{ . | quote }}}
{{- end }}
{{- with $s3.secret }}
- {name: AWS_ACCESS_KEY_ID, valueFrom: {secretKeyRef: {name: {{ . }}, key: access-key}}}
- {name: AWS_SECRET_ACCESS_KEY, valueFrom: {secretKeyRef: {name: {{ . }}, key: secret-key}}}
{{- end }}
{{- end -}}
{{- end }}
