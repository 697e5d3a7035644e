//! `demo`: starts without root, the printed lines work as printed, an edited object holds at once, an interrupt ends it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Far longer than anything here takes, so that a slow machine is not a failed test.
const PATIENCE: Duration = Duration::from_secs(30);

struct Demo {
    child: Child,
    lines: Vec<String>,
}

impl Demo {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ferrik"))
            .args(["demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary is built");
        let stdout = child.stdout.take().expect("stdout is piped");
        let (send, receive) = mpsc::channel();
        // Reads to the end, so that the demo never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody listens any more once the demo is ready.
                let _ = send.send(line);
            }
        });
        let mut demo = Self {
            child,
            lines: Vec::new(),
        };
        while demo.lines.last().is_none_or(|line| line != "Ctrl-C ends it.") {
            demo.lines.push(
                receive
                    .recv_timeout(PATIENCE)
                    .expect("the demo prints its whole text"),
            );
        }
        demo
    }

    fn folder(&self) -> PathBuf {
        let line = self
            .lines
            .iter()
            .find_map(|line| line.strip_prefix("Objects   "))
            .expect("the folder is printed");
        PathBuf::from(line.split("  ").next().expect("a split has a first part"))
    }

    /// The printed command that holds this text.
    fn command(&self, text: &str) -> &str {
        let line = self
            .lines
            .iter()
            .find(|line| !line.starts_with('#') && line.contains(text));
        line.unwrap_or_else(|| panic!("no command with {text}: {:?}", self.lines))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Both fail if it has been waited for: then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a line prints when it is typed into a shell.
fn shell(line: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", line])
        .output()
        .expect("there is a shell");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{line}: {text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn the_printed_lines_work_as_printed() {
    let mut demo = Demo::start();
    for (part, expected) in [
        ("/cart?item=1", "app: shop\nrequest: GET /cart?item=1\n"),
        ("-i --resolve", "HTTP/1.1 302 Found\r\n"),
        ("-X OPTIONS", "HTTP/1.1 204 No Content\r\n"),
        ("/v1/items", "app: api\nrequest: GET /items\n"),
        ("/private", "app: api\nrequest: GET /private\n"),
        ("curl -k", "app: docs\nrequest: GET /\n"),
        (
            "' explain",
            "> rewrite ^/robots.txt$ /static/robots.txt redirect;\n",
        ),
        ("' check", "0 errors, 0 warnings in 5 files\n"),
    ] {
        let text = shell(demo.command(part));
        assert!(text.contains(expected), "{part}: {text}");
    }

    let file = demo.folder().join("shop.yaml");
    let objects = std::fs::read_to_string(&file).expect("the objects are there");
    std::fs::write(&file, objects.replace("/static/robots.txt", "/edited.txt")).expect("they may be edited");
    let robots = demo.command("-i --resolve").to_owned();
    let start = Instant::now();
    while !shell(&robots).contains("/edited.txt\r\n") {
        assert!(start.elapsed() < PATIENCE, "an edited object does not hold");
    }

    let id = demo.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("kill is there")
            .success()
    );
    assert!(demo.child.wait().expect("it is our child").success());
    assert!(!demo.folder().exists(), "a temporary folder is removed");
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = taken.local_addr().expect("it is bound").to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_ferrik"))
        .args(["demo", "--http", &address, "--https", "127.0.0.1:0"])
        .output()
        .expect("the binary is built");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("--http and --https choose other addresses") && text.contains(&address),
        "{text}"
    );
}
