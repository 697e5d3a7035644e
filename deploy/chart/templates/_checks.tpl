{{- /* What the schema cannot say because it is about more than one value: `helm` stops here with a sentence. */ -}}

{{- define "ferrik.gracePeriod" -}}
{{- $least := add .Values.drain.preStopSeconds .Values.drain.timeoutSeconds | int -}}
{{- $given := int .Values.terminationGracePeriodSeconds -}}
{{- if eq $given 0 -}}
{{- add $least 15 -}}
{{- else if gt $given $least -}}
{{- $given -}}
{{- else -}}
{{- fail (printf "terminationGracePeriodSeconds is %d and must exceed drain.preStopSeconds + drain.timeoutSeconds, which are %d: open requests would be cut" $given $least) -}}
{{- end -}}
{{- end -}}

{{- define "ferrik.check" -}}
{{- $v := .Values -}}
{{- if and (ne $v.secrets.mode "namespaces") $v.secrets.namespaces -}}
{{- fail (printf "secrets.namespaces is for secrets.mode namespaces, and the mode is %s" $v.secrets.mode) -}}
{{- end -}}
{{- if and (ne $v.secrets.mode "names") $v.secrets.names -}}
{{- fail (printf "secrets.names is for secrets.mode names, and the mode is %s" $v.secrets.mode) -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.metrics.enabled) -}}
{{- fail "metrics.serviceMonitor.enabled needs metrics.enabled: there is no Service to scrape without it" -}}
{{- end -}}
{{- if eq (int $v.ports.http) (int $v.ports.https) -}}
{{- fail "ports.http and ports.https are the same port" -}}
{{- end -}}
{{- if has (int $v.admin.port) (list (int $v.ports.http) (int $v.ports.https)) -}}
{{- fail "admin.port is one of the served ports" -}}
{{- end -}}
{{- if and $v.acme.enabled (not $v.acme.namespaces) -}}
{{- fail "acme.enabled needs acme.namespaces: without them no certificate can be stored anywhere" -}}
{{- end -}}
{{- if and $v.acme.enabled (ne (empty $v.acme.eab.kid) (empty $v.acme.eab.secret)) -}}
{{- fail "acme.eab.kid and acme.eab.secret belong together" -}}
{{- end -}}
{{- $publishes := and (eq $v.profile "loadbalancer") $v.status.update (not $v.status.addresses) -}}
{{- if and $publishes $v.watchNamespaces (not (has .Release.Namespace $v.watchNamespaces)) -}}
{{- fail (printf "status.update reads addresses from the Service in namespace %s, which is not one of watchNamespaces: add it, set status.addresses, or switch status.update off" .Release.Namespace) -}}
{{- end -}}
{{- if and $v.defaultBackendService $v.watchNamespaces -}}
{{- $namespace := splitList "/" $v.defaultBackendService | first -}}
{{- if not (has $namespace $v.watchNamespaces) -}}
{{- fail (printf "defaultBackendService is in namespace %s, which is not one of watchNamespaces: its endpoints would not be seen" $namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
