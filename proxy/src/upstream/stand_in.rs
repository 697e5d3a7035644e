//! What stands in for an application, and what it is told of the request (ingress-nginx `default-backend`).

use std::sync::Arc;

use http::header::ACCEPT;
use http::{HeaderName, HeaderValue};

use super::Backend;
use crate::arena::header_value;
use crate::exchange::Exchange;
use crate::head::RequestHead;
use crate::route::Route;

static CODE: HeaderName = HeaderName::from_static("x-code");
static FORMAT: HeaderName = HeaderName::from_static("x-format");
static NAMESPACE: HeaderName = HeaderName::from_static("x-namespace");
static INGRESS_NAME: HeaderName = HeaderName::from_static("x-ingress-name");
static SERVICE_NAME: HeaderName = HeaderName::from_static("x-service-name");
static SERVICE_PORT: HeaderName = HeaderName::from_static("x-service-port");
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The backend that serves the route now: its own, or the other one while its own has no endpoints.
pub(crate) fn serving(route: &Route) -> Option<&Arc<Backend>> {
    let own = route.backend.as_ref()?;
    let fallback = own.fallback.as_ref().filter(|_| own.cell.is_empty());
    Some(fallback.unwrap_or(own))
}

/// Tells the backend for whom it stands in, if it does.
pub(crate) fn tell<H: RequestHead>(head: &mut H, serving: &Arc<Backend>, exchange: &Exchange) {
    let own = exchange.route.as_ref().and_then(|route| route.backend.as_ref());
    if own.is_some_and(|own| !Arc::ptr_eq(own, serving)) {
        describe(head, 503, exchange);
    }
}

/// Describes the request and the status that it would be answered with.
pub(crate) fn describe<H: RequestHead>(head: &mut H, status: u16, exchange: &Exchange) {
    let Some(route) = &exchange.route else { return };
    match head.get(&ACCEPT).map(header_value) {
        Some(accept) => head.set(&FORMAT, accept),
        None => head.remove(&FORMAT),
    }
    head.set(&CODE, HeaderValue::from(status));
    head.set_text(&REQUEST_ID, exchange.request_id.as_bytes());
    let (namespace, ingress, service) = route.labels();
    let port = route
        .service()
        .map(|service| service.port.to_string())
        .unwrap_or_default();
    for (name, text) in [
        (&NAMESPACE, namespace),
        (&INGRESS_NAME, ingress),
        (&SERVICE_NAME, service),
        (&SERVICE_PORT, &port),
    ] {
        head.set(name, header_value(text.as_bytes()));
    }
}
