{{- /* What Ferrik may ask of the Kubernetes API, as rules of roles. Nothing is read one by one: a single object is
       followed by a list and a watch that name it, so the verb `get` is not needed. */ -}}

{{- /* Objects of the namespaces that are served. */ -}}
{{- define "ferrik.rules.served" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
{{- if eq .Values.secrets.mode "all" }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
{{- end }}
{{- if .Values.traefikObjects }}
- apiGroups: [traefik.io]
  resources: [middlewares, tlsoptions]
  verbs: [list, watch]
{{- end }}
{{- if .Values.referenceGrants }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [referencegrants]
  verbs: [list, watch]
{{- end }}
{{- if .Values.status.update }}
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
{{- end }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- /* Classes belong to no namespace. */ -}}
{{- define "ferrik.rules.classes" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list, watch]
{{- end -}}

{{- /* Roles beside those of the namespaces that are served: single objects, by namespace and resource. Prints JSON,
       `{NAMESPACE: {RESOURCE: [NAME]}}`; an empty list of names stands for all. */ -}}
{{- define "ferrik.grants" -}}
{{- $v := .Values -}}
{{- $grants := dict -}}
{{- $wanted := list -}}
{{- if eq $v.secrets.mode "names" -}}
{{- range $v.secrets.names -}}{{- $wanted = append $wanted (list "secrets" .) -}}{{- end -}}
{{- end -}}
{{- with $v.defaultCertificate -}}{{- $wanted = append $wanted (list "secrets" .) -}}{{- end -}}
{{- with $v.configMap -}}{{- $wanted = append $wanted (list "configmaps" .) -}}{{- end -}}
{{- range $wanted -}}
{{- $resource := first . -}}
{{- $namespace := splitList "/" (last .) | first -}}
{{- $name := splitList "/" (last .) | last -}}
{{- $served := or (not $v.watchNamespaces) (has $namespace $v.watchNamespaces) -}}
{{- $covered := false -}}
{{- if eq $resource "secrets" -}}
{{- $covered = or (and (eq $v.secrets.mode "all") $served) (and (eq $v.secrets.mode "namespaces") (has $namespace $v.secrets.namespaces)) -}}
{{- end -}}
{{- if not $covered -}}
{{- $of := get $grants $namespace | default dict -}}
{{- $_ := set $of $resource (append (get $of $resource | default list) $name | uniq) -}}
{{- $_ := set $grants $namespace $of -}}
{{- end -}}
{{- end -}}
{{- if eq $v.secrets.mode "namespaces" -}}
{{- range $v.secrets.namespaces -}}
{{- $of := get $grants . | default dict -}}
{{- $_ := set $of "secrets" list -}}
{{- $_ := set $grants . $of -}}
{{- end -}}
{{- end -}}
{{- toJson $grants -}}
{{- end -}}

{{- define "ferrik.subjects" -}}
- kind: ServiceAccount
  name: {{ include "ferrik.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
