{{- /* root, name: environment variables of a service without its prefix, as YAML. What its settings.py lacks is left out. */ -}}
{{- define "ntbcare.settings" -}}
{{- $values := .root.Values -}}
{{- $facts := include "ntbcare.facts" .root | fromJson -}}
{{- $known := index $facts.settings .name -}}
{{- $own := (index $values.services .name).settings -}}
{{- range $setting, $_ := $own -}}
  {{- if not (has $setting $known) -}}
    {{- fail (printf "services.%s.settings: %s has no setting %s" $.name $.name $setting) -}}
  {{- else if has $setting (index $facts.secrets $.name) -}}
    {{- fail (printf "services.%s.settings: %s is a secret; name its key in services.%s.secrets" $.name $setting $.name) -}}
  {{- end -}}
{{- end -}}
{{- $given := dict
  "ENVIRONMENT" $values.environment
  "LOG_LEVEL" $values.logLevel
  "PUBLIC_URL" $values.publicUrl
  "OIDC__PUBLIC_URL" $values.publicUrl
  "OIDC__ISSUER" $values.oidc.issuer
  "LIMITS__TRUSTED_HOPS" $values.trustedHops
  "TRUSTED_HOPS" $values.trustedHops
  "BLOBS__URL" $values.blobs.url
  "SMTP__HOST" $values.smtp.host
  "SMTP__PORT" $values.smtp.port
  "SMTP__USERNAME" $values.smtp.username
  "SMTP__SENDER_ADDRESS" $values.smtp.sender
  "SMTP__STARTTLS" (ternary "always" "if_offered" (eq $values.environment "production"))
-}}
{{- range $setting, $value := include "ntbcare.kafka.settings" . | fromYaml -}}
  {{- $_ := set $given (printf "KAFKA__%s" $setting) $value -}}
{{- end -}}
{{- range $setting, $value := merge (dict) $own $given -}}
  {{- if and (has $setting $known) (not (kindIs "invalid" $value)) (ne (toString $value) "") }}
{{ $setting }}: {{ toString $value | quote }}
  {{- end -}}
{{- end -}}
{{- end }}

{{- /* root, name: of any client of Kafka. */ -}}
{{- define "ntbcare.kafka.settings" -}}
{{- $kafka := include "ntbcare.kafka" .root | fromYaml -}}
BOOTSTRAP: {{ $kafka.bootstrap | quote }}
NAMESPACE: {{ .root.Values.kafka.namespace | quote }}
SECURITY_PROTOCOL: {{ $kafka.protocol }}
{{- if hasPrefix "SASL_" $kafka.protocol }}
SASL_MECHANISM: {{ $kafka.mechanism }}
USERNAME: {{ with $kafka.userPrefix }}{{ . }}-{{ end }}{{ .name }}
{{- end }}
{{- if and (hasSuffix "SSL" $kafka.protocol) $kafka.ca.secret }}
CA_FILE: /etc/ntbcare/kafka/ca.crt
{{- end }}
{{- end }}

{{- /* root, name, prefix, secrets, optionalSecrets: what lies in /run/secrets, each file named as its variable would be. */ -}}
{{- define "ntbcare.secrets" -}}
{{- $full := include "ntbcare.fullname" .root -}}
{{- $secret := .root.Values.secrets.existingSecret -}}
{{- $kafka := include "ntbcare.kafka" .root | fromYaml -}}
{{- $required := omit .secrets (ternary "MONGO__URI" "" .root.Values.mongodbCommunity.enabled) -}}
{{- if and (hasPrefix "SASL_" $kafka.protocol) (not .root.Values.strimzi.enabled) -}}
  {{- $required = merge (dict .passwordSetting (printf "kafka-password-%s" .name)) $required -}}
{{- end -}}
{{- with $required }}
- secret:
    name: {{ $secret }}
    items:
      {{- range $setting, $key := . }}
      - {key: {{ $key }}, path: {{ $.prefix }}{{ $setting }}}
      {{- end }}
{{- end }}
{{- with .optionalSecrets }}
- secret:
    name: {{ $secret }}
    optional: true
    items:
      {{- range $setting, $key := . }}
      - {key: {{ $key }}, path: {{ $.prefix }}{{ $setting }}}
      {{- end }}
{{- end }}
{{- if .root.Values.strimzi.enabled }}
- secret:
    name: {{ $full }}-{{ .name }}
    items: [{key: password, path: {{ .prefix }}{{ .passwordSetting }}}]
{{- end }}
{{- if and .root.Values.mongodbCommunity.enabled (hasKey .secrets "MONGO__URI") }}
- secret:
    name: {{ $full }}-mongodb-{{ .name }}
    items: [{key: connectionString.standard, path: {{ .prefix }}MONGO__URI}]
{{- end }}
{{- end }}
