//! What a client sees of an answer's head.

use http::Method;

use super::*;
use crate::lane::message;

fn rendered(head: &str, delivery: Delivery, closes: bool) -> String {
    let parsed = message::response(head.as_bytes(), &Method::GET);
    let (parsed, _) = parsed.expect("it is HTTP").expect("it is complete");
    let mut out = Vec::new();
    response(&parsed, delivery, closes, &mut out);
    String::from_utf8(out).expect("ASCII")
}

#[test]
fn fields_of_the_backends_connection_end_here() {
    let head = "HTTP/1.1 200 Fine\r\nConnection: keep-alive\r\nconnection: X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\n\
                X-End: 2\r\nUpgrade: h2c\r\nTrailer: a\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        rendered(head, Delivery::AsItIs, false),
        "HTTP/1.1 200 Fine\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n"
    );
}

#[test]
fn the_clients_connection_has_fields_of_its_own() {
    let head = "HTTP/1.1 200 OK\r\nServer: a\r\n\r\n";
    assert_eq!(
        rendered(head, Delivery::InChunks, true),
        "HTTP/1.1 200 OK\r\nServer: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
}

#[test]
fn an_answer_that_has_no_body_tells_no_length() {
    let head = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nA: b\r\n\r\n";
    assert_eq!(
        rendered(head, Delivery::AsItIs, false),
        "HTTP/1.1 204 No Content\r\nA: b\r\n\r\n"
    );
}
