{{- /* Files that the work with an ACME authority needs: volumes, as a JSON list; each is mounted under its name. */ -}}

{{- define "ferrik.acme.volumes" -}}
{{- $volumes := list -}}
{{- with .Values.acme -}}
{{- if and .enabled .caConfigMap -}}
{{- $volumes = append $volumes (dict "name" "acme-ca" "configMap" (dict "name" .caConfigMap)) -}}
{{- end -}}
{{- if and .enabled .eab.kid -}}
{{- $volumes = append $volumes (dict "name" "acme-eab" "secret" (dict "secretName" .eab.secret)) -}}
{{- end -}}
{{- end -}}
{{- toJson $volumes -}}
{{- end -}}
