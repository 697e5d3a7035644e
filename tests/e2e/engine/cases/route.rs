//! What routes do, in each dialect: every kind of step, and what happens where no backend answers.

use super::Case;

/// What routes do, in each dialect.
pub(crate) const ROUTES: &[Case] = &[
    (
        "plain",
        &[
            "GET /plain/a?b=c HTTP/1.1|Host: n.example.org||",
            "GET /plain/%2e/a%20b?q=%zz HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "plain of Traefik",
        &["GET /plain HTTP/1.1|Host: t.example.org|User-Agent: a|Referer: b||"],
    ),
    (
        "plain of Kubernetes",
        &[
            "GET /prefix/a HTTP/1.1|Host: f.example.org||",
            "GET /exact HTTP/1.1|Host: F.EXAMPLE.org:80||",
            "GET /exact/no HTTP/1.1|Host: f.example.org||",
            "GET /any HTTP/1.1|Host: a.f.example.org||",
        ],
    ),
    (
        "fields as they are",
        &[
            "GET /plain HTTP/1.1|Host: n.example.org|X-Empty:|x-CASE: a|X-Case:  b, c  |Cookie: a=b|Cookie: c=d||",
            "GET /plain HTTP/1.1|Host: n.example.org|Accept: */*|Accept: text/html|X-High: \u{e9}\u{fc}||",
        ],
    ),
    (
        "a name that is none",
        &["GET /plain HTTP/1.1|Host: n.example.org|X-\u{e9}: no||"],
    ),
    (
        "a rewrite",
        &[
            "GET /app/a/b?c=d HTTP/1.1|Host: rewrite.example.org||",
            "GET /app HTTP/1.1|Host: rewrite.example.org||",
            "GET /apple HTTP/1.1|Host: rewrite.example.org||",
        ],
    ),
    (
        "a rewrite by a snippet",
        &["GET /change/a?b HTTP/1.1|Host: n.example.org||"],
    ),
    (
        "a route that is looked up again",
        &[
            "GET /again/a?b HTTP/1.1|Host: n.example.org||",
            "GET /plain/a HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "redirects",
        &[
            "GET /permanent/a?b HTTP/1.1|Host: n.example.org||",
            "GET /temporal HTTP/1.1|Host: n.example.org||",
            "HEAD /permanent HTTP/1.1|Host: n.example.org||",
            "GET / HTTP/1.1|Host: root.example.org||",
            "GET /moved/a?b HTTP/1.1|Host: t.example.org||",
            "GET /secure/a HTTP/1.1|Host: t.example.org||",
            "GET /a HTTP/1.1|Host: secure.example.org||",
            "POST /permanent HTTP/1.1|Host: n.example.org|Content-Length: 3||abc",
        ],
    ),
    (
        "passwords",
        &[
            "GET /auth HTTP/1.1|Host: n.example.org||",
            "GET /auth HTTP/1.1|Host: n.example.org|Authorization: Basic YW5uOnRlc3Q=||",
            "GET /auth HTTP/1.1|Host: n.example.org|Authorization: Basic YW5uOm5vbmU=||",
            "GET /auth HTTP/1.1|Host: n.example.org|Authorization: Bearer x||",
            "GET /closed HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "passwords of Traefik",
        &[
            "GET /auth HTTP/1.1|Host: t.example.org||",
            "GET /auth HTTP/1.1|Host: t.example.org|Authorization: Basic YW5uOnRlc3Q=||",
            "GET /auth HTTP/1.1|Host: t.example.org|Authorization: Basic YW5uOm5vbmU=||",
        ],
    ),
    (
        "CORS",
        &[
            "GET /cors HTTP/1.1|Host: n.example.org|Origin: https://a.example.org||",
            "OPTIONS /cors HTTP/1.1|Host: n.example.org|Origin: https://a.example.org|Access-Control-Request-Method: PUT||",
            "OPTIONS /cors HTTP/1.1|Host: n.example.org||",
            "GET /cors HTTP/1.1|Host: n.example.org|Origin: https://b.example.org||",
        ],
    ),
    (
        "CORS of Traefik",
        &[
            "GET /cors HTTP/1.1|Host: t.example.org|Origin: https://a.example.org||",
            "OPTIONS /cors HTTP/1.1|Host: t.example.org|Origin: https://a.example.org|Access-Control-Request-Method: PUT||",
            "OPTIONS /cors HTTP/1.1|Host: t.example.org||",
        ],
    ),
    (
        "addresses",
        &[
            "GET /denied HTTP/1.1|Host: n.example.org||",
            "GET /denied HTTP/1.1|Host: t.example.org|Accept: text/html||",
            "GET /denied HTTP/1.1|Host: n.example.org|Accept: application/json||",
        ],
    ),
    (
        "rates",
        &[
            "GET /limited HTTP/1.1|Host: n.example.org||",
            "GET /limited HTTP/1.1|Host: n.example.org||",
            "GET /limited HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "rates of Traefik",
        &[
            "GET /limited HTTP/1.1|Host: t.example.org||",
            "GET /limited HTTP/1.1|Host: t.example.org||",
        ],
    ),
    (
        "requests at a time",
        &[
            "GET /crowd HTTP/1.1|Host: n.example.org||",
            "GET /crowd HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "another host for the backend",
        &[
            "GET /vhost HTTP/1.1|Host: n.example.org||",
            "GET /own HTTP/1.1|Host: t.example.org||",
            "GET /hint HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "paths of Traefik",
        &[
            "GET /strip/a HTTP/1.1|Host: t.example.org||",
            "GET /strip HTTP/1.1|Host: t.example.org||",
            "GET /add/a?b HTTP/1.1|Host: t.example.org||",
            "GET /replace/a?b HTTP/1.1|Host: t.example.org||",
        ],
    ),
    (
        "header fields",
        &[
            "GET /headers HTTP/1.1|Host: t.example.org|X-Gone: a|X-Put: b||",
            "GET /headers?s=404 HTTP/1.1|Host: t.example.org||",
        ],
    ),
    (
        "a cookie",
        &[
            "GET /sticky HTTP/1.1|Host: t.example.org||",
            "GET /sticky HTTP/1.1|Host: t.example.org|Cookie: place=unknown||",
        ],
    ),
    (
        "a snippet",
        &[
            "GET /snippet HTTP/1.1|Host: n.example.org|X-In: a|X-Gone: b||",
            "GET /snippet HTTP/1.1|Host: n.example.org|X-Refuse: 1||",
            "GET /snippet HTTP/1.1|Host: n.example.org|X-Text: 1||",
            "HEAD /snippet HTTP/1.1|Host: n.example.org|X-Text: 1||",
            "GET /snippet HTTP/1.1|Host: n.example.org|X-Go: 1||",
        ],
    ),
    (
        "a rewrite that is a redirect",
        &[
            "GET /leave/a?b HTTP/1.1|Host: n.example.org||",
            "GET /leave HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "a snippet that hangs up",
        &["GET /snippet HTTP/1.1|Host: n.example.org|X-Drop: 1||"],
    ),
    (
        "no endpoint",
        &[
            "GET /none HTTP/1.1|Host: n.example.org||",
            "GET /gone HTTP/1.1|Host: n.example.org||",
            "GET /none HTTP/1.1|Host: t.example.org||",
            "HEAD /none HTTP/1.1|Host: t.example.org||",
        ],
    ),
    (
        "no endpoint for a body",
        &[
            "POST /none HTTP/1.1|Host: n.example.org|Content-Length: 3||abc",
            "POST /none HTTP/1.1|Host: n.example.org|Transfer-Encoding: chunked||3|abc|0||",
        ],
    ),
    ("a closed route", &["GET /broken HTTP/1.1|Host: t.example.org||"]),
    (
        "nothing there",
        &[
            "GET /unknown HTTP/1.1|Host: n.example.org||",
            "GET / HTTP/1.1|Host: stranger.example.org||",
            "GET / HTTP/1.1|Host: 192.0.2.1||",
            "POST /unknown HTTP/1.1|Host: n.example.org|Content-Length: 3||abc",
        ],
    ),
    (
        "a refused connection",
        &[
            "GET /refused HTTP/1.1|Host: n.example.org||",
            "GET /refused HTTP/1.1|Host: t.example.org||",
            "POST /refused HTTP/1.1|Host: t.example.org|Content-Length: 3||abc",
        ],
    ),
    (
        "a page of another backend",
        &[
            "GET /pages?s=404 HTTP/1.1|Host: n.example.org||",
            "GET /pages HTTP/1.1|Host: n.example.org||",
            "GET /plain HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "paths that are read in two ways",
        &[
            "GET /plain/../denied HTTP/1.1|Host: n.example.org||",
            "GET /plain/%2e%2e/denied HTTP/1.1|Host: n.example.org||",
            "GET //plain HTTP/1.1|Host: n.example.org||",
            "GET /plain%2fa HTTP/1.1|Host: n.example.org||",
        ],
    ),
    (
        "a small body",
        &["POST /small HTTP/1.1|Host: n.example.org|Content-Length: 3||abc"],
    ),
    (
        "a large body",
        &["POST /small HTTP/1.1|Host: n.example.org|Content-Length: 2000||"],
    ),
];
