{{- /* The one container of the Pod. */ -}}

{{- define "ferrik.container" -}}
image: {{ include "ferrik.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
  {{- include "ferrik.arguments" . | nindent 2 }}
env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: POD_UID
    valueFrom:
      fieldRef:
        fieldPath: metadata.uid
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: HOST_IPS
    valueFrom:
      fieldRef:
        fieldPath: status.hostIPs
  # For `ferrik certs`, run inside.
  - name: FERRIK_ADMIN_SOCKET
    value: /run/ferrik/admin.sock
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  # The image's program carries the same capability; without it in this set the kernel would refuse to start it.
  capabilities:
    drop: [ALL]
    add: [NET_BIND_SERVICE]
resources:
  {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - name: run
    mountPath: /run/ferrik
{{- range include "ferrik.acme.volumes" . | fromJsonArray }}
  - name: {{ .name }}
    mountPath: /etc/ferrik/{{ .name }}
    readOnly: true
{{- end }}
livenessProbe:
  exec:
    command: [/ferrik, probe, --admin-socket, /run/ferrik/admin.sock, healthz]
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  exec:
    command: [/ferrik, probe, --admin-socket, /run/ferrik/admin.sock, readyz]
  periodSeconds: 5
  timeoutSeconds: 5
{{- if .Values.drain.preStopSeconds }}
lifecycle:
  # The node waits; the image has no program that could.
  preStop:
    sleep:
      seconds: {{ int .Values.drain.preStopSeconds }}
{{- end }}
{{- end -}}
