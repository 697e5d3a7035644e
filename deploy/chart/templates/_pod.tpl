{{- /* The Pod, the same for DaemonSet and Deployment. It declares no container ports: on the host's network they would be
       host ports, and the scheduler would refuse the second Pod that an upgrade needs for a moment. */ -}}

{{- define "ferrik.pod" -}}
{{- include "ferrik.check" . -}}
metadata:
  labels:
    {{- include "ferrik.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "ferrik.serviceAccount" . }}
  {{- if eq .Values.profile "hostnetwork" }}
  hostNetwork: true
  # On the host's network the default policy would ask the node's resolver, which knows no Services.
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "ferrik.gracePeriod" . }}
  {{- with include "ferrik.priorityClass" . }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsUser: 65532
    runAsGroup: 65532
    runAsNonRoot: true
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: ferrik
      {{- include "ferrik.container" . | nindent 6 }}
  volumes:
    # Holds the admin socket. A Pod's own: Pods that share a host's network share its TCP addresses too.
    - name: run
      emptyDir:
        medium: Memory
        sizeLimit: 1Mi
  {{- with include "ferrik.acme.volumes" . | fromJsonArray }}
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if and (eq .Values.profile "loadbalancer") .Values.topologySpread.enabled }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: {{ .Values.topologySpread.topologyKey }}
      whenUnsatisfiable: {{ .Values.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "ferrik.selector" . | nindent 10 }}
      # Counts the Pods of one version only, so that the old ones do not decide where the new ones go.
      matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end -}}
