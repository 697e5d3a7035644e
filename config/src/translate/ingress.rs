//! Stage one: one Ingress becomes its fragment.
//!
//! The dialect says which annotations are read and what they mean; rules, paths, backends and TLS sections are read here,
//! the same way for all.

mod acme;
mod name;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fragment::{Draft, Fragment, HostShare};
use super::reader::Reader;
use super::{ServiceOptions, backend, class, grant, path};
use crate::acme::Wanted;
use crate::name::{HostKey, Kind, ObjectRef};
use crate::policy::{Source, Step};
use crate::report::{Diagnostic, Reason};
use crate::settings::Settings;
use crate::snapshot::{HttpPath, Ingress, IngressBackend};
use crate::table::{Dialect, Entry, PathKind, PathRule, Route, challenge_token};
use crate::{nginx, traefik};

pub(super) use name::check as check_name;

/// What the annotations of one Ingress make of each of its routes.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    /// In order.
    pub(crate) steps: Vec<Step>,
    /// Index of the step that only counts if the host has TLS.
    pub(crate) only_with_tls: Option<usize>,
    /// The step that depends on the rule's path, and where it belongs among the others.
    pub(crate) rewrite: Option<(usize, nginx::RewriteTarget)>,
    /// The way to the backend.
    pub(crate) service: ServiceOptions,
    /// Traefik `router.priority`.
    pub(crate) priority: Option<i64>,
    /// Traefik `router.entrypoints` and `router.tls`.
    pub(crate) entry: Entry,
    /// Traefik `router.pathmatcher`, for paths of no particular type.
    pub(crate) matcher: Option<PathKind>,
}

/// Translates one Ingress.
pub(super) fn translate(
    object: &ObjectRef,
    ingress: &Ingress,
    settings: &Settings,
    reader: Reader<'_>,
) -> Fragment {
    let age = ingress.metadata.age();
    let mut fragment = Fragment {
        age: (age.0, age.1.to_owned(), age.2.to_owned(), age.3.to_owned()),
        ..Fragment::default()
    };
    let mut stage = Stage {
        object,
        ingress,
        reader,
        settings,
        report: Vec::new(),
        wanted: Vec::new(),
    };
    name::check(object, &mut stage.report);
    if let Some(dialect) = class::dialect(object, ingress, settings, &mut stage.reader, &mut stage.report) {
        fragment.is_ours = true;
        let hosts = stage.hosts(dialect);
        fragment.ports = ports(&hosts).into_iter().collect();
        fragment.hosts = hosts.into();
        fragment.wanted = std::mem::take(&mut stage.wanted).into();
    }
    fragment.diagnostics = stage.report;
    fragment.reads = stage.reader.into_reads().into_iter().collect();
    fragment
}

fn ports(hosts: &BTreeMap<HostKey, HostShare>) -> std::collections::BTreeSet<crate::name::ServicePort> {
    let drafts = hosts
        .values()
        .flat_map(|share| share.routes.iter().chain(&share.default));
    drafts
        .flat_map(|draft| draft.route.backends())
        .map(|backend| backend.service.clone())
        .collect()
}

/// The work on one Ingress.
pub(crate) struct Stage<'a, 's> {
    pub(crate) object: &'a ObjectRef,
    pub(crate) ingress: &'a Ingress,
    pub(crate) reader: Reader<'s>,
    pub(crate) settings: &'a Settings,
    pub(crate) report: Vec<Diagnostic>,
    /// Certificates that are asked for.
    wanted: Vec<Wanted>,
}

impl Stage<'_, '_> {
    fn hosts(&mut self, dialect: Dialect) -> BTreeMap<HostKey, HostShare> {
        let nginx = (dialect != Dialect::Traefik).then(|| nginx::read(self, dialect));
        let traefik = (dialect != Dialect::Nginx).then(|| traefik::read(self, dialect));
        self.report_foreign(dialect);
        let mut behaviour = Behaviour::default();
        if let Some(written) = &nginx {
            nginx::behave(written, self, &mut behaviour);
        }
        if let Some(written) = &traefik {
            traefik::behave(written, self, &mut behaviour);
        }
        let mut hosts = self.rules(dialect, &behaviour);
        self.default_backend(dialect, &behaviour, &mut hosts);
        if let Some(written) = &nginx {
            nginx::share(written, self, &mut hosts);
        }
        // After aliases and twins are there, because the certificates may cover them too.
        let resolver = traefik.as_ref().and_then(traefik::certificate_resolver);
        let asked = self.asks(dialect, resolver);
        self.tls(dialect, asked.as_ref(), &mut hosts);
        if let Some(written) = &traefik {
            traefik::share(written, self, &mut hosts);
        }
        hosts
    }

    fn rules(&mut self, dialect: Dialect, behaviour: &Behaviour) -> BTreeMap<HostKey, HostShare> {
        let mut hosts: BTreeMap<HostKey, HostShare> = BTreeMap::new();
        for (at, rule) in self.ingress.spec.rules.iter().enumerate() {
            let key = match HostKey::parse(rule.host.as_deref().unwrap_or_default()) {
                Ok(key) => key,
                Err(invalid) => {
                    let field = format!("spec.rules[{at}].host");
                    let message = format!("host: {invalid}; the rule is not served");
                    self.push(
                        field,
                        Reason::HostInvalid,
                        message,
                        "write a host name, or *. and a domain, or nothing",
                    );
                    continue;
                }
            };
            if dialect != Dialect::Traefik && key != HostKey::Any {
                hosts.entry(key.clone()).or_default().named = true;
            }
            let paths = rule.http.iter().flat_map(|http| &http.paths);
            for (index, path) in paths.enumerate() {
                let field = format!("spec.rules[{at}].http.paths[{index}]");
                let draft = self.draft(&field, path, dialect, behaviour);
                hosts.entry(key.clone()).or_default().routes.extend(draft);
            }
        }
        hosts
    }

    fn draft(
        &mut self,
        field: &str,
        path: &HttpPath,
        dialect: Dialect,
        behaviour: &Behaviour,
    ) -> Option<Draft> {
        let written = path::written(path.path.as_deref());
        let mut rule = match path::rule(written, path.path_type.as_deref(), dialect) {
            Ok(rule) => rule,
            Err((name, invalid)) => {
                let message = format!("{name}: {invalid}; the rule is not served");
                self.push(
                    format!("{field}.{name}"),
                    Reason::PathInvalid,
                    message,
                    "mend the path or its type",
                );
                return None;
            }
        };
        if let (Some(kind), PathKind::StartsWith) = (behaviour.matcher, rule.kind) {
            rule.kind = kind;
            if kind == PathKind::Pattern {
                rule = self.pattern_rule(field, &rule)?;
            }
        }
        Some(self.complete(field, written, rule, &path.backend, dialect, behaviour))
    }

    fn pattern_rule(&mut self, field: &str, rule: &PathRule) -> Option<PathRule> {
        match crate::policy::Pattern::parse(&rule.text, false) {
            Ok(pattern) => Some(PathRule {
                pattern: Some(pattern),
                ..rule.clone()
            }),
            Err(invalid) => {
                let message = format!("path: {invalid}; the rule is not served");
                self.push(
                    format!("{field}.path"),
                    Reason::PathInvalid,
                    message,
                    "mend the regular expression",
                );
                None
            }
        }
    }

    fn complete(
        &mut self,
        field: &str,
        written: &str,
        path: PathRule,
        backend: &IngressBackend,
        dialect: Dialect,
        behaviour: &Behaviour,
    ) -> Draft {
        let mut options = behaviour.service.clone();
        let mut steps = behaviour.steps.clone();
        if dialect != Dialect::Nginx {
            traefik::service(backend, self, &mut options);
        }
        let mut only_with_tls = behaviour.only_with_tls;
        // An authority asks here over plain HTTP and without credentials.
        let is_challenge = challenge_token(path.text.as_bytes()).is_some();
        if is_challenge {
            steps.clear();
            only_with_tls = None;
        }
        if let Some((at, target)) = &behaviour.rewrite
            && !is_challenge
            && let Some(step) = target.step(written, self)
        {
            steps.insert(*at, step);
            only_with_tls = only_with_tls.map(|it| if it >= *at { it + 1 } else { it });
        }
        let field_of_backend = if field == "spec" {
            "spec.defaultBackend".to_owned()
        } else {
            format!("{field}.backend")
        };
        let backend = backend::resolve(
            self.object,
            &field_of_backend,
            backend,
            &options,
            &mut self.reader,
            &mut self.report,
        );
        let source = if field == "spec" {
            field_of_backend
        } else {
            field.to_owned()
        };
        Draft {
            written: written.to_owned(),
            only_with_tls,
            route: Arc::new(Route {
                path: if is_challenge { path.exactly() } else { path },
                entry: if is_challenge { Entry::Any } else { behaviour.entry },
                dialect,
                source: Source {
                    object: self.object.clone(),
                    field: source,
                },
                steps,
                backend,
                priority: behaviour.priority.filter(|_| !is_challenge),
            }),
        }
    }

    /// With rules, the default backend serves what they leave of their hosts; without, everything.
    fn default_backend(
        &mut self,
        dialect: Dialect,
        behaviour: &Behaviour,
        hosts: &mut BTreeMap<HostKey, HostShare>,
    ) {
        let Some(backend) = &self.ingress.spec.default_backend else {
            return;
        };
        let path = PathRule {
            kind: PathKind::Prefix,
            text: "/".to_owned(),
            pattern: None,
        };
        let draft = self.complete("spec", "/", path, backend, dialect, behaviour);
        if self.ingress.spec.rules.is_empty() {
            hosts.entry(HostKey::Any).or_default();
        }
        for rule in &self.ingress.spec.rules {
            if let Ok(key) = HostKey::parse(rule.host.as_deref().unwrap_or_default()) {
                hosts.entry(key).or_default();
            }
        }
        for share in hosts.values_mut() {
            share.default = Some(draft.clone());
        }
    }

    /// Annotations of the dialect that the class does not select.
    fn report_foreign(&mut self, dialect: Dialect) {
        let foreign = match dialect {
            Dialect::Nginx => traefik::PREFIX,
            Dialect::Traefik => nginx::PREFIX,
            Dialect::Kubernetes => return,
        };
        let names: Vec<String> = self
            .ingress
            .metadata
            .annotations
            .keys()
            .map(ToString::to_string)
            .collect();
        for name in names.iter().filter(|name| name.starts_with(foreign)) {
            let message =
                format!("`{name}` is not read here, because the object's class selects the other dialect");
            let field = format!("metadata.annotations[{name}]");
            self.push(
                field,
                Reason::AnnotationIgnored,
                message,
                "remove it, or use a class whose controller reads it",
            );
        }
    }

    pub(crate) fn push(
        &mut self,
        field: impl Into<String>,
        reason: Reason,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.report
            .push(Diagnostic::new(self.object, field, reason, message).fix(fix));
    }

    /// The Secret that `[namespace/]name` refers to, if it may be used here.
    pub(crate) fn secret(
        &mut self,
        field: &str,
        reference: &str,
    ) -> Result<&crate::snapshot::Secret, String> {
        let (namespace, name) = match reference.split_once('/') {
            Some((namespace, name)) => (namespace, name),
            None => (&*self.object.namespace, reference),
        };
        let secret = ObjectRef::new(Kind::Secret, namespace, name);
        if let Err(refused) = grant::check(&mut self.reader, self.object, &secret) {
            self.push(field, Reason::ReferenceRefused, &refused.message, refused.fix);
            return Err(refused.message);
        }
        self.reader
            .secret(namespace, name)
            .ok_or_else(|| format!("there is no {secret}"))
    }
}
