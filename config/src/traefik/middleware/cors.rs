//! The fields of `headers` that are about cross-origin requests.

use crate::policy::{Cors, CorsPreflight, HeaderName, Origin, Origins, Pattern, is_header_value};
use crate::report::Reason;
use crate::traefik::field::Fields;
use crate::value::{List, Value};

/// The policy, if any of its fields says something.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Cors> {
    let origins = origins(fields);
    let credentials = fields.flag("accessControlAllowCredentials");
    let methods = joined(fields, "accessControlAllowMethods");
    let headers = joined(fields, "accessControlAllowHeaders");
    let expose = joined(fields, "accessControlExposeHeaders");
    let max_age = fields.whole("accessControlMaxAge").unwrap_or_default();
    let vary = fields.flag("addVaryHeader");
    if credentials {
        check_width(fields, &origins);
    }
    let texts = [&methods, &headers, &expose];
    let says_something = credentials || vary || max_age != 0 || origins.any || !origins.listed.is_empty();
    (says_something || texts.iter().any(|text| !text.is_empty())).then_some(Cors {
        origins,
        credentials,
        methods,
        headers,
        expose,
        max_age,
        preflight: CorsPreflight::Fetch,
        vary,
    })
}

fn origins(fields: &mut Fields<'_, '_>) -> Origins {
    let mut origins = Origins::default();
    for text in fields.texts("accessControlAllowOriginList") {
        match text {
            "*" => origins.any = true,
            text if is_header_value(text) => origins.listed.push(Origin::Exact(text.to_ascii_lowercase())),
            _ => fields.refuse(
                "accessControlAllowOriginList",
                "it holds control characters",
                "write origins",
            ),
        }
    }
    for text in fields.texts("accessControlAllowOriginListRegex") {
        let read = Pattern::parse(text, false);
        let pattern = fields.accept(
            "accessControlAllowOriginListRegex",
            read,
            "mend the regular expression",
        );
        origins.listed.extend(pattern.map(Origin::Pattern));
    }
    origins
}

/// Names with commas between them, as Traefik sends them.
fn joined(fields: &mut Fields<'_, '_>, name: &'static str) -> String {
    let names = fields.texts(name);
    for text in &names {
        if List::<HeaderName>::parse(text).is_err() {
            fields.refuse(
                name,
                format!("expected names, got `{text}`"),
                "write one name for each item of the list",
            );
        }
    }
    names.join(",")
}

/// Origins that have nothing in common: what matches all of them matches everything.
const STRANGERS: [&[u8]; 3] = [b"https://a.example", b"http://x.y.invalid:8080", b"null"];

fn check_width(fields: &mut Fields<'_, '_>, origins: &Origins) {
    let matches_all = |origin: &Origin| match origin {
        Origin::Pattern(pattern) => {
            let regex = pattern.compile();
            STRANGERS.iter().all(|stranger| regex.is_match(stranger))
        }
        Origin::Exact(_) | Origin::Subdomain { .. } => false,
    };
    let fix = "list the origins that need credentials, or remove accessControlAllowCredentials";
    if origins.listed.iter().any(matches_all) {
        let message = "every origin matches and credentials are allowed: any web site can act with its visitors' \
                       cookies and certificates";
        fields.warn(
            "accessControlAllowOriginListRegex",
            Reason::CorsWideOpen,
            message,
            fix,
        );
    } else if origins.any {
        let message = "every origin is allowed (`*`) and credentials are too; browsers refuse to send credentials to `*`";
        fields.warn("accessControlAllowOriginList", Reason::CorsWideOpen, message, fix);
    }
}
