//! What a client sees of an answer's head.

use http::Method;

use super::*;
use crate::lane::message::{self, Parsed};

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
                Date: then\r\nX-End: 2\r\nUpgrade: h2c\r\nTrailer: a\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        rendered(head, Delivery::AsItIs, false),
        "HTTP/1.1 200 Fine\r\nDate: then\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n"
    );
}

#[test]
fn the_clients_connection_has_fields_of_its_own() {
    let head = "HTTP/1.1 200 OK\r\nServer: a\r\nDate: then\r\n\r\n";
    assert_eq!(
        rendered(head, Delivery::InChunks, true),
        "HTTP/1.1 200 OK\r\nServer: a\r\nDate: then\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
}

#[test]
fn an_answer_that_has_no_body_tells_no_length() {
    let head = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nDate: then\r\n\r\n";
    assert_eq!(
        rendered(head, Delivery::AsItIs, false),
        "HTTP/1.1 204 No Content\r\nDate: then\r\n\r\n"
    );
}

#[test]
fn an_answer_without_a_date_gets_one_and_an_interim_one_does_not() {
    let dated = rendered(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        Delivery::AsItIs,
        false,
    );
    let date = dated.lines().find_map(|line| line.strip_prefix("Date: "));
    assert!(
        date.is_some_and(|date| httpdate::parse_http_date(date).is_ok()),
        "{dated}"
    );
    let interim = "HTTP/1.1 103 Early\r\n\r\n";
    assert_eq!(rendered(interim, Delivery::AsItIs, false), interim);
}

#[test]
fn a_backend_is_not_told_that_trailers_are_welcome() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTest: 1\r\n\r\n";
    let Ok(Parsed::Complete(head, _)) = message::request(text.as_bytes()) else {
        panic!("it is a request of the lane");
    };
    let mut out = Vec::new();
    request(&head, &Exchange::new(), &mut out);
    assert_eq!(
        String::from_utf8(out).expect("ASCII"),
        "GET / HTTP/1.1\r\nHost: a\r\nTest: 1\r\n\r\n"
    );
}
