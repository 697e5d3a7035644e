//! What texts mean, where their fields stand, and what is refused.

use serde_json::json;

use super::*;

/// The objects of a text without faults.
fn read(text: &str) -> Vec<Document> {
    let (documents, errors) = parse(Path::new("a.yaml"), text);
    assert_eq!(errors, [], "{text}");
    documents
}

fn values(text: &str) -> Vec<Value> {
    read(text).into_iter().map(|document| document.value).collect()
}

/// The errors of a text, as they are shown.
fn errors(text: &str) -> Vec<String> {
    let (_, errors) = parse(Path::new("a.yaml"), text);
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn an_alias_is_a_copy_with_the_lines_of_its_anchor() {
    let text = "rules:\n- host: a\n  http: &same\n    paths:\n    - path: /\n- host: b\n  http: *same\n";
    let document = &read(text)[0];
    let http = json!({"paths": [{"path": "/"}]});
    assert_eq!(
        document.value,
        json!({"rules": [{"host": "a", "http": http}, {"host": "b", "http": http}]})
    );
    assert_eq!(document.positions.line_of("rules[1].http"), 7);
    assert_eq!(document.positions.line_of("rules[1].http.paths[0].path"), 5);
}

#[test]
fn anchors_hold_scalars_and_are_set_anew() {
    assert_eq!(
        values("a: &x 1\nb: *x\nc: &x two\nd: [*x]\n*x : e\n"),
        [json!({
            "a": 1, "b": 1, "c": "two", "d": ["two"], "two": "e"
        })]
    );
}

#[test]
fn merge_keys_add_what_is_not_there() {
    let text = "base: &b\n  p: 1\n  q: 2\nmore: &m {q: 3, r: 4}\none:\n  <<: *b\n  p: own\nboth:\n  <<: [*b, *m]\ntext: {'<<': 1}\n";
    let document = &read(text)[0];
    assert_eq!(document.value["one"], json!({"p": "own", "q": 2}));
    assert_eq!(document.value["both"], json!({"p": 1, "q": 2, "r": 4}));
    assert_eq!(document.value["text"], json!({"<<": 1}), "a quoted key is a name");
    assert_eq!(document.positions.line_of("one.q"), 3);
    assert_eq!(document.positions.line_of("one.p"), 7);
    assert_eq!(document.positions.line_of("both.r"), 4);
}

#[test]
fn block_scalars_keep_their_lines() {
    let text = "a: |\n  one\n\n   two\nb: |-\n  x\nc: >\n  x\n  y\nd: |+\n  x\n\ne: |2\n   x\n";
    assert_eq!(
        values(text),
        [json!({"a": "one\n\n two\n", "b": "x", "c": "x y\n", "d": "x\n\n", "e": " x\n"})]
    );
}

#[test]
fn documents_are_separated_and_empty_ones_skipped() {
    let text = "\u{feff}# only a comment\n---\n---\na: 1 # one\n--- # two\nb: 2\n...\n%YAML 1.2\n---\n# nothing\n--- {c: 3}\n---\nnull\n";
    let documents = read(text);
    let found: Vec<_> = documents
        .iter()
        .map(|document| (document.value.clone(), document.positions.line_of("")))
        .collect();
    assert_eq!(
        found,
        [(json!({"a": 1}), 4), (json!({"b": 2}), 6), (json!({"c": 3}), 11)]
    );
    for text in ["", "\n \n", "# nothing\n", "---\n", "---", "{}"] {
        assert_eq!(values(text).len(), usize::from(text == "{}"), "{text:?}");
    }
}

#[test]
fn windows_line_ends_count_as_one() {
    let documents = read("a: 1\r\n---\r\nb: |\r\n  x\r\n  y\r\n");
    assert_eq!(documents[1].value, json!({"b": "x\ny\n"}));
    assert_eq!(documents[1].positions.text_line("b"), Some(4));
}

#[test]
fn a_list_becomes_its_items() {
    let text =
        "apiVersion: v1\nkind: List\nitems:\n- kind: Service\n  metadata:\n    name: a\n-\n  kind: Secret\n";
    let documents = read(text);
    assert_eq!(
        documents[0].value,
        json!({"kind": "Service", "metadata": {"name": "a"}})
    );
    assert_eq!(documents[0].positions.line_of("metadata.name"), 6);
    assert_eq!(documents[1].value, json!({"kind": "Secret"}));
    assert_eq!(documents[1].positions.line_of(""), 8);
    assert_eq!(values("kind: List\nitems: []\n").len(), 0);
    assert_eq!(
        values("kind: ConfigMap\nitems: [{a: 1}]\n").len(),
        1,
        "not a list"
    );
}

#[test]
fn the_items_of_a_typed_list_get_its_kind() {
    let text =
        "apiVersion: networking.k8s.io/v1\nkind: IngressList\nitems:\n- metadata: {name: a}\n- kind: Own\n";
    assert_eq!(
        values(text),
        [
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}}),
            json!({"kind": "Own"}),
        ]
    );
}

#[test]
fn json_is_read_too() {
    let text = "{\n\t\"kind\": \"Service\",\n\t\"metadata\": {\"name\":\"a\\/\\u00e9 \\ud83d\\ude00 \\\\ud83d\"},\n\t\"ports\": [1, 2.5, 1e3, true, null]\n}\n";
    let document = &read(text)[0];
    assert_eq!(
        document.value,
        json!({"kind": "Service", "metadata": {"name": "a/é \u{1f600} \\ud83d"}, "ports": [1, 2.5, 1000, true, null]})
    );
    assert_eq!(document.positions.line_of("metadata.name"), 3);
    assert_eq!(document.positions.line_of("ports[1]"), 4);
}

#[test]
fn a_fault_leaves_the_other_documents_alone() {
    let text = "a: 1\n---\nb: [1\n---\nc: |\n  x\n---\nd: 1\n  e: 2\n---\nf: 1\n";
    let (documents, errors) = parse(Path::new("dir/a.yaml"), text);
    let found: Vec<_> = documents
        .iter()
        .map(|document| document.value.to_string())
        .collect();
    assert_eq!(found, ["{\"a\":1}", "{\"c\":\"x\\n\"}", "{\"f\":1}"]);
    let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [4, 9], "{errors:?}");
    assert!(
        errors[1].to_string().starts_with("dir/a.yaml:9:4: "),
        "{}",
        errors[1]
    );
}

#[test]
fn faults_name_line_and_column() {
    let cases = [
        (
            "a: 1\nb: 2\na: 3\n",
            "a.yaml:3:1: the key `a` stands here a second time",
        ),
        (
            "a: &x\n  b: *x\n",
            "a.yaml:2:6: the alias stands inside the value that it names",
        ),
        (
            "a: .inf\n",
            "a.yaml:1:4: `.inf` is not a number that JSON can hold",
        ),
        ("a: !!int x\n", "a.yaml:1:4: `x` is not a !!int"),
        ("a: !!binary x\n", "a.yaml:1:4: the tag !!binary is not supported"),
        (
            "? [a]\n: b\n",
            "a.yaml:1:3: a key is a single word, not a list or a mapping",
        ),
        ("~: b\n", "a.yaml:1:1: a key is empty"),
        (
            "a:\n  <<: 1\n",
            "a.yaml:2:3: `<<` merges a mapping or a list of mappings",
        ),
        (
            "---\n\napiVers",
            "a.yaml:3:1: a Kubernetes object is a mapping, this is a text",
        ),
        (
            "- a\n",
            "a.yaml:1:1: a Kubernetes object is a mapping, this is a list",
        ),
        (
            "kind: List\nitems:\n- 7\n",
            "a.yaml:3:1: a Kubernetes object is a mapping, this is a number",
        ),
        ("a: 1\nb: \0\0\n", "a.yaml:2:1: the text holds a NUL character"),
    ];
    for (text, error) in cases {
        assert_eq!(errors(text), [error], "{text:?}");
    }
    for text in [
        "a: *none\n",
        "a: 'open\n",
        "a: b: c\n",
        "a:\n\t- b\n",
        "{a: 1\n",
        "a: @b\n",
    ] {
        assert_eq!(errors(text).len(), 1, "{text:?}");
    }
}

#[test]
fn hostile_texts_are_refused_and_cost_little() {
    let lines =
        |count: usize, line: &dyn Fn(usize) -> String| (1..count).map(line).collect::<Vec<_>>().join("\n");
    let laughs = lines(12, &|n| {
        format!("a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 10].join(","))
    });
    let chain = lines(1000, &|n| format!("a{n}: &a{n} [*a{}]", n - 1));
    let anchors = lines(100, &|n| format!("{}k: &a{n}", " ".repeat(n)));
    let cases = [
        (
            "nested lists",
            "- ".repeat(100_000) + "a",
            "the document nests too deep",
        ),
        ("nested flow", "[".repeat(100_000), "recursion limit exceeded"),
        (
            "nested aliases",
            format!("a0: &a0 [x]\n{chain}"),
            "the document nests too deep",
        ),
        (
            "aliases of aliases",
            format!("a0: &a0 [x]\n{laughs}"),
            "the file holds too many values",
        ),
        (
            "aliases of a long text",
            format!("a: &a '{}'\nb: [{}]\n", "x".repeat(1 << 20), "*a,".repeat(100)),
            "the aliases of the file expand to too much text",
        ),
        (
            "anchors inside anchors",
            format!("{anchors}\n{}[{}]\n", " ".repeat(101), "1,".repeat(30_000)),
            "the file holds too many values",
        ),
        (
            "too large",
            " ".repeat(MAX_BYTES + 1),
            "the file is larger than 16777216 bytes",
        ),
    ];
    for (name, text, message) in cases {
        let (documents, errors) = parse(Path::new("a.yaml"), &text);
        assert_eq!(documents, [], "{name}");
        let messages: Vec<_> = errors.iter().map(|error| error.message.as_str()).collect();
        assert_eq!(messages, [message], "{name}");
    }
}
