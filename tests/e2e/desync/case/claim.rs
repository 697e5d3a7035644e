//! What a client says of itself and must not be believed: 203.0.113.7 reaches no origin under any name.

use super::Expect::{Either, Passes};
use super::{Case, get};

pub(super) fn all() -> Vec<Case> {
    vec![
        get("X-Forwarded-For", Passes(2), "X-Forwarded-For: 203.0.113.7"),
        get(
            "X-Forwarded-For twice",
            Passes(2),
            "X-Forwarded-For: 203.0.113.7\r\nx-forwarded-for: 203.0.113.7",
        ),
        get("X-Real-IP", Passes(2), "X-Real-IP: 203.0.113.7"),
        get("Forwarded", Passes(2), "Forwarded: for=203.0.113.7"),
        get("X_Forwarded_For", Passes(2), "X_Forwarded_For: 203.0.113.7"),
        get("X-Forwarded_For", Passes(2), "X-Forwarded_For: 203.0.113.7"),
        get("X_Real-IP", Passes(2), "X_Real-IP: 203.0.113.7"),
        get("X.Forwarded.For", Passes(2), "X.Forwarded.For: 203.0.113.7"),
        get("X-Real.IP", Passes(2), "X-Real.IP: 203.0.113.7"),
        get("X~Forwarded~For", Passes(2), "X~Forwarded~For: 203.0.113.7"),
        get(
            "Connection names X-Forwarded-For and X-Real-IP",
            Passes(2),
            "Connection: X-Forwarded-For, X-Real-IP\r\nX-Forwarded-For: 203.0.113.7\r\nX-Real-IP: 203.0.113.7",
        ),
        get("Connection names Host", Passes(2), "Connection: Host"),
        get(
            "Connection names a field with a space",
            Either,
            "Connection: X Forwarded For",
        ),
        get(
            "Connection: close and names",
            Either,
            "Connection: close, X-Forwarded-For\r\nX-Forwarded-For: 203.0.113.7",
        ),
        get(
            "Keep-Alive and Proxy-Connection",
            Passes(2),
            "Keep-Alive: 203.0.113.7\r\nProxy-Connection: 203.0.113.7",
        ),
        get("Proxy", Passes(2), "Proxy: http://203.0.113.7/"),
        get("TE: gzip", Passes(2), "TE: gzip;q=1\r\nConnection: TE"),
        get("Trailer", Passes(2), "Trailer: X-Forwarded-For"),
        get("Ssl-Client-Verify", Passes(2), "Ssl-Client-Verify: 203.0.113.7"),
        get("Ssl_Client_Verify", Passes(2), "Ssl_Client_Verify: 203.0.113.7"),
    ]
}
