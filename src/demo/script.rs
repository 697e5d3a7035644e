//! What the demo prints: where everything is, and command lines that work as they stand.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use ferrik_proxy::Addresses;

/// One thing to try.
struct Trial {
    what: &'static str,
    host: &'static str,
    https: bool,
    path: &'static str,
    /// Further arguments of curl.
    arguments: &'static str,
}

const TRIALS: &[Trial] = &[
    Trial {
        what: "The shop answers with what it received.",
        host: "shop.localhost",
        https: false,
        path: "/cart?item=1",
        arguments: "",
    },
    Trial {
        what: "A snippet of nginx directives, never run as text, redirects.",
        host: "shop.localhost",
        https: false,
        path: "/robots.txt",
        arguments: "-i ",
    },
    Trial {
        what: "A cross-origin preflight is answered here.",
        host: "shop.localhost",
        https: false,
        path: "/cart",
        arguments: "-i -X OPTIONS -H 'Origin: https://www.example.org' -H 'Access-Control-Request-Method: POST' ",
    },
    Trial {
        what: "A Traefik middleware cuts the prefix off: the API sees /items.",
        host: "api.localhost",
        https: false,
        path: "/v1/items",
        arguments: "",
    },
    Trial {
        what: "Another one asks for a password; try it without -u, too.",
        host: "api.localhost",
        https: false,
        path: "/private",
        arguments: "-u demo:demo ",
    },
    Trial {
        what: "TLS; -k because the certificate of the demo signs itself.",
        host: "docs.localhost",
        https: true,
        path: "/",
        arguments: "-k ",
    },
];

/// The whole text.
pub(super) fn text(folder: &Path, is_temporary: bool, addresses: &Addresses) -> String {
    let mut text = String::new();
    write(&mut text, folder, is_temporary, addresses).expect("writing to a String");
    text
}

fn write(out: &mut String, folder: &Path, is_temporary: bool, addresses: &Addresses) -> std::fmt::Result {
    let (Some(http), Some(https)) = (addresses.http.first(), addresses.https.first()) else {
        return Ok(());
    };
    let fate = if is_temporary { ", removed at the end" } else { "" };
    writeln!(
        out,
        "Objects   {}  (edit them: changes hold at once{fate})",
        folder.display()
    )?;
    writeln!(out, "HTTP      http://{http}")?;
    writeln!(out, "HTTPS     https://{https}")?;
    if let Some(admin) = addresses.admin {
        writeln!(out, "Admin     http://{admin}/metrics  http://{admin}/table")?;
    }
    for trial in TRIALS {
        let address = if trial.https { https } else { http };
        writeln!(out, "\n# {}\n{}", trial.what, command(trial, *address))?;
    }
    let name = folder.display();
    writeln!(
        out,
        "\n# Which object and line answers? What is wrong with the objects?"
    )?;
    // The binary need not be on the path of the shell.
    let ferrik =
        std::env::current_exe().map_or_else(|_| "ferrik".to_owned(), |path| format!("'{}'", path.display()));
    writeln!(
        out,
        "{ferrik} explain '{name}' --url http://shop.localhost/robots.txt"
    )?;
    writeln!(out, "{ferrik} check '{name}'")?;
    writeln!(out, "\nCtrl-C ends it.")
}

/// curl is told the address of the name, so that nothing depends on how this machine resolves `localhost` names.
fn command(trial: &Trial, address: SocketAddr) -> String {
    let Trial {
        host,
        path,
        arguments,
        ..
    } = trial;
    let scheme = if trial.https { "https" } else { "http" };
    let port = address.port();
    let ip = match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => "127.0.0.1".to_owned(),
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => "[::1]".to_owned(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    format!("curl {arguments}--resolve {host}:{port}:{ip} '{scheme}://{host}:{port}{path}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_bound_addresses() {
        let addresses = Addresses {
            http: vec!["0.0.0.0:8080".parse().expect("an address")],
            https: vec!["[::1]:8443".parse().expect("an address")],
            ..Addresses::default()
        };
        let text = text(Path::new("/objects"), false, &addresses);
        for line in [
            "curl --resolve shop.localhost:8080:127.0.0.1 'http://shop.localhost:8080/cart?item=1'",
            "curl -k --resolve docs.localhost:8443:[::1] 'https://docs.localhost:8443/'",
            " check '/objects'",
        ] {
            assert!(text.lines().any(|it| it.ends_with(line)), "{line}\n{text}");
        }
    }
}
