//! How many file descriptors the process may have, as the kernel tells in `/proc` (proc(5)).

/// The soft limit of open files; 1024, the usual one, if it cannot be read.
pub(super) fn limit() -> usize {
    std::fs::read_to_string("/proc/self/limits")
        .ok()
        .and_then(|text| parse(&text))
        .unwrap_or(1024)
}

fn parse(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{limit, parse};

    #[test]
    fn the_soft_limit_is_read() {
        let text = "Limit     Soft Limit  Hard Limit  Units\nMax open files  65536  524288  files\n";
        assert_eq!(parse(text), Some(65536));
        assert_eq!(
            parse("Max open files unlimited unlimited files"),
            Some(usize::MAX)
        );
        assert_eq!(parse("Max processes 1 2 processes"), None);
        assert!(limit() > 0);
    }
}
