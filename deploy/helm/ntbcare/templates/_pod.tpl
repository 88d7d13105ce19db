{{- /* root, name: what every pod of ours is allowed, and where it runs. */ -}}
{{- define "ntbcare.pod" -}}
{{- $pod := .root.Values.pod -}}
automountServiceAccountToken: false
enableServiceLinks: false
serviceAccountName: {{ include "ntbcare.fullname" .root }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $pod.user }}
  runAsGroup: {{ $pod.user }}
  fsGroup: {{ $pod.user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with $pod.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "ntbcare.container" -}}
image: {{ include "ntbcare.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- /* root, name, prefix, secrets, optionalSecrets, passwordSetting */ -}}
{{- define "ntbcare.volumes" -}}
{{- $kafka := include "ntbcare.kafka" .root | fromYaml -}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- with include "ntbcare.secrets" . | trim }}
- name: secrets
  projected:
    defaultMode: 0440
    sources: {{- . | nindent 6 }}
{{- end }}
{{- if and (hasSuffix "SSL" $kafka.protocol) $kafka.ca.secret }}
- name: kafka-ca
  secret:
    secretName: {{ $kafka.ca.secret }}
    items: [{key: {{ $kafka.ca.key }}, path: ca.crt}]
{{- end }}
{{- end }}

{{- define "ntbcare.mounts" -}}
{{- $kafka := include "ntbcare.kafka" .root | fromYaml -}}
- {name: tmp, mountPath: /tmp}
{{- with include "ntbcare.secrets" . | trim }}
- {name: secrets, mountPath: /run/secrets, readOnly: true}
{{- end }}
{{- if and (hasSuffix "SSL" $kafka.protocol) $kafka.ca.secret }}
- {name: kafka-ca, mountPath: /etc/ntbcare/kafka, readOnly: true}
{{- end }}
{{- end }}

{{- /* root, name: the certificate authority of MongoDB, as a source of a volume; nothing where none is wanted. */ -}}
{{- define "ntbcare.mongodb.ca" -}}
{{- if .root.Values.mongodbCommunity.enabled -}}
configMap: {name: {{ .root.Values.mongodbCommunity.caConfigMap }}, items: [{key: ca.crt, path: ca.crt}]}
{{- else if .root.Values.mongodb.ca.secret -}}
secret: {secretName: {{ .root.Values.mongodb.ca.secret }}, items: [{key: {{ .root.Values.mongodb.ca.key }}, path: ca.crt}]}
{{- end -}}
{{- end }}
