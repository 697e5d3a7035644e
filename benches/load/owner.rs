//! Whose a function is, by its name in a profile.

/// Crates, and how the results call them. The first that a name mentions owns it.
const CRATES: &[(&str, &str)] = &[
    ("ferrik", "ferrik"),
    ("ferrik_config", "ferrik"),
    ("ferrik_controller", "ferrik (control plane)"),
    ("pingora_core", "pingora-core"),
    ("pingora_http", "pingora-http"),
    ("pingora_pool", "pingora-pool"),
    ("pingora_proxy", "pingora-proxy"),
    ("pingora_timeout", "pingora-timeout"),
    ("http", "http: HeaderMap, names, values"),
    ("httparse", "httparse"),
    ("bytes", "bytes"),
    ("tokio", "tokio"),
    ("atomic_waker", "atomic-waker"),
    ("mio", "tokio"),
    ("hashbrown", "hash maps"),
    ("imbl", "ferrik (control plane)"),
    ("foldhash", "hash maps"),
    ("arc_swap", "arc-swap"),
    ("parking_lot", "locks"),
    ("lock_api", "locks"),
    ("crossbeam_queue", "pingora-pool"),
];

/// Our crate, which is shown by module.
const OURS: &str = "ferrik_proxy";
/// Its modules; what is not here are the parts that both engines share.
const MODULES: &[(&str, &str)] = &[
    ("lane", "ferrik: lane"),
    ("listen", "ferrik: listeners and connections"),
    ("observe", "ferrik: counters and access log"),
    ("upstream", "ferrik: endpoints and connections to them"),
    ("hooks", "ferrik: hooks of pingora"),
];
const SHARED: &str = "ferrik: pipeline and filters";

/// The owner of a function.
pub(crate) fn of(function: &str) -> &'static str {
    if is_allocator(function) {
        return "allocator";
    }
    if ["memcpy", "memmove", "memset", "memcmp", "bcmp"]
        .iter()
        .any(|name| function.contains(name))
    {
        return "memcpy, memset, memcmp";
    }
    let mut words = function.split(|char: char| !char.is_alphanumeric() && char != '_');
    while let Some(word) = words.next() {
        if word == OURS {
            let module = words.find(|word| !word.is_empty());
            let known = MODULES.iter().find(|(name, _)| module == Some(*name));
            return known.map_or(SHARED, |(_, owner)| owner);
        }
        if let Some((_, owner)) = CRATES.iter().find(|(name, _)| *name == word) {
            return owner;
        }
    }
    let is_std = ["core::", "std::", "alloc::"]
        .iter()
        .any(|name| function.contains(name));
    if is_std { "std" } else { "other" }
}

/// A function of the allocator's library, or one of the shims between it and Rust.
pub(crate) fn is_allocator(function: &str) -> bool {
    let name = function.trim_start_matches('_');
    name.starts_with("mi_") || function.contains("__rust_") || function.contains("__rdl_")
}

/// An entry of the allocator that returns memory.
pub(crate) fn asks_for_memory(function: &str) -> bool {
    ["mi_malloc", "mi_zalloc", "mi_calloc", "mi_realloc"]
        .iter()
        .any(|start| function.starts_with(start))
        || function.contains("__rust_alloc")
        || function.contains("__rust_realloc")
}
