//! What requests and answers look like on the connection, and what backends do wrong.

use super::Case;

/// What bodies and answers look like.
pub(crate) const FRAMING: &[Case] = &[
    (
        "lengths",
        &[
            "POST /plain HTTP/1.1|Host: n.example.org|Content-Length: 5||abcde",
            "PUT /plain HTTP/1.1|Host: n.example.org|Content-Length: 0||",
            "POST /plain HTTP/1.1|Host: n.example.org||",
            "GET /plain HTTP/1.1|Host: n.example.org|Content-Length: 2||ab",
            "DELETE /plain HTTP/1.1|Host: n.example.org|Content-Length: 00003||abc",
        ],
    ),
    (
        "chunks",
        &[
            "POST /plain HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked||5|abcde|003|fgh|0||",
            "POST /plain HTTP/1.1|Host: n.example.org|Transfer-Encoding: Chunked||0||",
            "GET /plain HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked||A|abcdefghij|0||",
        ],
    ),
    (
        "extensions and trailers",
        &[
            "POST /plain HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked|Trailer: X-T||5;a=b|abcde|3;c|fgh|0|X-T: 1||",
        ],
    ),
    (
        "a space behind a size",
        &["POST /plain HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked||3 ;c|fgh|0||"],
    ),
    (
        "trailers",
        &[
            "POST /plain HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked|Trailer: X-T||5|abcde|0|X-T: 1||",
        ],
    ),
    (
        "extensions",
        &["POST /plain HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked||5;a=b|abcde|0||"],
    ),
    (
        "TE",
        &[
            "GET /plain HTTP/1.1|Host: n.example.org|TE: trailers|Connection: TE||",
            "GET /plain HTTP/1.1|Host: n.example.org|TE: gzip||",
        ],
    ),
    (
        "answers in chunks",
        &[
            "GET /plain?f=c&n=5000 HTTP/1.1|Host: n.example.org||",
            "GET /plain?f=c&n=0 HTTP/1.1|Host: n.example.org||",
            "GET /plain?f=c&n=50&cs=7&w=3 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "answers with extensions",
        &["GET /plain?f=c&n=50&cs=7&ext=1 HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "answers with trailers",
        &[
            "GET /plain?f=c&n=50&t=1 HTTP/1.1|Host: n.example.org||",
            "GET /plain?f=c&n=50&t=1 HTTP/1.1|Host: n.example.org|TE: trailers||",
        ],
    ),
    (
        "answers that the connection ends",
        &[
            "GET /plain?f=u&n=500&k=1 HTTP/1.1|Host: n.example.org||",
            "GET /plain?f=u&n=5000&k=c&w=1000 HTTP/1.1|Host: n.example.org||",
            "GET /plain?f=u&n=0&k=1 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "answers of HTTP/1.0",
        &[
            "GET /plain?old=1&k=1&n=10 HTTP/1.1|Host: n.example.org||",
            "GET /plain?old=1&f=u&k=1&n=10 HTTP/1.1|Host: n.example.org||",
            "GET /plain?old=1&k=a&n=10 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "HEAD",
        &[
            "HEAD /plain?n=100 HTTP/1.1|Host: n.example.org||",
            "HEAD /plain?f=c HTTP/1.1|Host: n.example.org||",
            "HEAD /plain?f=none HTTP/1.1|Host: n.example.org||",
            "HEAD /unknown HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "answers without a body",
        &[
            "GET /plain?s=204&f=none HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=304&f=none HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=304&n=50 HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=205&n=0 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "a length with 204",
        &["GET /plain?s=204&n=0 HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "chunks with 204",
        &["GET /plain?s=204&f=c HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "chunks with 304",
        &["GET /plain?s=304&f=c HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "statuses",
        &[
            "GET /plain?s=200 HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=301 HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=404 HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=418 HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=500 HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=503 HTTP/1.1|Host: n.example.org||",
            "GET /plain?s=599 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "a status beyond all classes",
        &["GET /plain?s=777 HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "methods",
        &[
            "PATCH /plain HTTP/1.1|Host: n.example.org|Content-Length: 1||a",
            "PROPFIND /plain HTTP/1.1|Host: n.example.org||",
            "OPTIONS /plain HTTP/1.1|Host: n.example.org||",
            "X_Y /plain HTTP/1.1|Host: n.example.org||",
        ],
    ),
    ("TRACE", &["TRACE /plain HTTP/1.1|Host: n.example.org||"]),
    (
        "CONNECT",
        &["CONNECT n.example.org:443 HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "an interim answer",
        &[
            "GET /plain?i=103 HTTP/1.1|Host: n.example.org||",
            "GET /snippet?i=103 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "interim answers",
        &["POST /plain?i=100,102,103 HTTP/1.1|Host: n.example.org|Content-Length: 1||a"],
    ),
    (
        "a backend that ends its connections",
        &[
            "GET /plain?k=c HTTP/1.1|Host: n.example.org||",
            "GET /plain HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "a backend that keeps its connections",
        &["GET /plain?k=a HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "a backend that breaks before its answer",
        &[
            "GET /plain?x=head HTTP/1.1|Host: n.example.org||",
            "POST /plain?x=head HTTP/1.1|Host: n.example.org|Content-Length: 1||a",
            "GET /plain?x=reset HTTP/1.1|Host: n.example.org||",
            "GET /plain?x=part HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "a length that is not kept",
        &["GET /plain?x=10&n=100 HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "chunks that do not end",
        &["GET /plain?x=10&n=100&f=c HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "an early answer",
        &["POST /plain?early=1&k=1 HTTP/1.1|Host: n.example.org|Content-Length: 4||abcd"],
    ),
    (
        "a longer answer than said",
        &[
            "GET /plain?raw=485454502f312e3120323030204f4b0d0a436f6e74656e742d4c656e6774683a20320d0a0d0a6f6b6d6f7265&k=1 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "an answer with a length and chunks",
        &[
            "GET /plain?raw=485454502f312e3120323030204f4b0d0a436f6e74656e742d4c656e6774683a20320d0a5472616e736665722d456e636f64696e673a206368756e6b65640d0a0d0a320d0a6f6b0d0a300d0a0d0a&k=1 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "an answer with two lengths",
        &[
            "GET /plain?raw=485454502f312e3120323030204f4b0d0a436f6e74656e742d4c656e6774683a20320d0a436f6e74656e742d4c656e6774683a20330d0a0d0a6f6b31&k=1 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "an answer that is no HTTP",
        &["GET /plain?raw=5353482d322e300d0a0d0a&k=1 HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "fields of the connection",
        &[
            "GET /plain HTTP/1.1|Host: n.example.org|Connection: x-a, keep-alive|X-A: 1|X-B: 2|Keep-Alive: timeout=5|Proxy-Connection: keep-alive||",
            "GET /plain?nominated=1 HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "a client that ends",
        &["GET /plain HTTP/1.1|Host: n.example.org|Connection: close||"],
    ),
    (
        "a client that ends, not served",
        &["GET /unknown HTTP/1.1|Host: n.example.org|Connection: close||"],
    ),
    (
        "forged fields",
        &[
            "GET /plain HTTP/1.1|Host: n.example.org|X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: https|X-Forwarded-Host: a|X-Real-IP: 192.0.2.2|X_Forwarded_For: 192.0.2.3|Forwarded: for=192.0.2.1|X-Request-ID: abc||",
            "GET /plain HTTP/1.1|Host: t.example.org|X-Forwarded-For: 192.0.2.1|X-Forwarded-Proto: https|X-Forwarded-Host: a|X-Forwarded-Port: 1|X-Real-IP: 192.0.2.2||",
        ],
    ),
    (
        "an absolute target",
        &[
            "GET http://n.example.org/plain/a?b HTTP/1.1|Host: n.example.org||",
            "GET http://other.example.org/plain HTTP/1.1|Host: n.example.org||",
        ],
    ),
    ("an asterisk", &["OPTIONS * HTTP/1.1|Host: n.example.org||"]),
    ("HTTP/1.0", &["GET /plain HTTP/1.0|Host: n.example.org||"]),
    (
        "HTTP/1.0 that stays",
        &["GET /plain HTTP/1.0|Host: n.example.org|Connection: keep-alive||"],
    ),
    (
        "an empty line before",
        &["|GET /plain HTTP/1.1|Host: n.example.org||"],
    ),
    ("the preface of HTTP/2", &["PRI * HTTP/2.0|||SM|||"]),
];
