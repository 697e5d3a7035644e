{{- /* The arguments of `ferrik run`. */ -}}

{{- define "ferrik.arguments" -}}
{{- $v := .Values -}}
- run
- --http=[::]:{{ int $v.ports.http }}
- --https=[::]:{{ int $v.ports.https }}
{{- if eq $v.profile "hostnetwork" }}
{{- /* The Pod that takes over binds the ports of the node while the old one still serves. */}}
- --reuse-port=true
{{- end }}
- --admin={{ ternary "[::]" "127.0.0.1" $v.metrics.enabled }}:{{ int $v.admin.port }}
- --admin-socket=/run/ferrik/admin.sock
- --election-id={{ include "ferrik.name" . }}-leader
{{- include "ferrik.arguments.classes" . }}
{{- with $v.watchNamespaces }}
- --watch-namespace={{ join "," . }}
{{- end }}
{{- with $v.configMap }}
- --configmap={{ . }}
{{- end }}
{{- with $v.defaultCertificate }}
- --default-ssl-certificate={{ . }}
{{- end }}
{{- with $v.defaultBackendService }}
- --default-backend-service={{ . }}
{{- end }}
{{- include "ferrik.arguments.acme" . }}
- --https-redirect={{ $v.httpsRedirect }}
{{- with $v.trustedProxies }}
- --trusted-proxies={{ join "," . }}
{{- end }}
- --update-status={{ $v.status.update }}
- --update-status-on-shutdown={{ $v.status.updateOnShutdown }}
{{- if $v.status.addresses }}
- --publish-status-address={{ join "," $v.status.addresses }}
{{- else if eq $v.profile "loadbalancer" }}
- --publish-service={{ .Release.Namespace }}/{{ include "ferrik.name" . }}
{{- else }}
- --publish-node-address=$(HOST_IPS)
{{- end }}
- --client-header-timeout={{ int $v.limits.clientHeaderSeconds }}
- --keepalive-timeout={{ int $v.limits.keepaliveSeconds }}
- --drain-timeout={{ int $v.drain.timeoutSeconds }}
{{- if $v.limits.maxConnections }}
- --max-connections={{ int $v.limits.maxConnections }}
{{- end }}
{{- if $v.limits.threads }}
- --threads={{ int $v.limits.threads }}
{{- end }}
{{- if ne $v.http1Engine "lane" }}
- --http1-engine={{ $v.http1Engine }}
{{- end }}
- --access-log={{ ternary "-" "off" $v.log.access }}
- --log-format={{ $v.log.format }}
{{- with $v.log.headers }}
- --access-log-header={{ join "," . }}
{{- end }}
- --access-log-query={{ $v.log.query }}
{{- range $v.extraArguments }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- /* Classes are always named, because the program's own defaults would take those of other controllers. */ -}}
{{- define "ferrik.arguments.classes" -}}
{{- $names := prepend .Values.ingressClasses .Values.ingressClass.name | uniq -}}
{{- $controllers := list "ferrik.dev/ingress-controller" -}}
{{- if has "nginx" $names -}}{{- $controllers = append $controllers "k8s.io/ingress-nginx" -}}{{- end -}}
{{- if has "traefik" $names -}}{{- $controllers = append $controllers "traefik.io/ingress-controller" -}}{{- end -}}
{{- range $names }}
- --ingress-class={{ . }}
{{- end }}
{{- range concat $controllers .Values.controllerClasses | uniq }}
- --controller-class={{ . }}
{{- end }}
- --ingress-class-by-name={{ gt (len .Values.ingressClasses) 0 }}
- --watch-ingress-without-class={{ .Values.watchIngressWithoutClass }}
{{- end -}}

{{- define "ferrik.arguments.acme" -}}
{{- with .Values.acme }}
{{- if .enabled }}
- --acme=true
- --acme-account={{ include "ferrik.name" $ }}-acme
- --acme-server={{ .server }}
- --acme-by-default={{ .byDefault }}
- --acme-challenge={{ .challenge }}
- --acme-preflight={{ .preflight }}
- --acme-key={{ .key }}
{{- range .contacts }}
- --acme-contact={{ . }}
{{- end }}
{{- with .profile }}
- --acme-profile={{ . }}
{{- end }}
{{- if .caConfigMap }}
- --acme-ca-bundle=/etc/ferrik/acme-ca/ca.crt
{{- end }}
{{- with .eab.kid }}
- --acme-eab-kid={{ . }}
- --acme-eab-hmac-file=/etc/ferrik/acme-eab/hmac
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
