//! The values that must never be more than values.

use std::path::Path;

/// One value, as a request carries it.
pub struct Hostile {
    /// The bytes in a JSON body.
    pub json: Vec<u8>,
    /// The bytes in an address, percent-encoded.
    pub url: String,
    /// The value itself, where it is a text.
    pub text: Option<String>,
}

impl Hostile {
    /// Also for a field that takes a number or one of a few words: what is no text, and a few that are.
    pub fn is_for_all(&self) -> bool {
        self.text
            .as_ref()
            .is_none_or(|text| text.is_empty() || text.contains("$(") || text.contains('\0'))
    }

    /// One of each kind, for what has met all of them elsewhere.
    pub fn is_one_of_a_kind(&self) -> bool {
        match &self.text {
            Some(text) => ["$(", "\0", "\u{202e}", "日"]
                .iter()
                .any(|part| text.contains(part)),
            None => ["null", "{}", "\"\\ud800\""]
                .iter()
                .any(|json| self.json == json.as_bytes()),
        }
    }
}

/// The longest text of an address that HTTP takes is 64 KiB, with everything around it.
const LONGEST_IN_URL: usize = 16 * 1024;

/// Everything that is sent into every field.
pub fn all(canary: &Path) -> Vec<Hostile> {
    texts(canary)
        .into_iter()
        .map(as_text)
        .chain(no_texts().into_iter().map(as_bytes))
        .collect()
}

/// Texts: for a shell, for a program's options, for templates, for paths, for what shows them.
pub fn texts(canary: &Path) -> Vec<String> {
    let touch = format!("touch {}", canary.display());
    let commands = [
        ";{}",
        "$({})",
        "`{}`",
        "|{}&",
        "&&{}",
        "\n{}\n",
        "\r{}",
        "'; {}; '",
        "\"; {}; \"",
        "--upload-pack={}",
        "-oProxyCommand={}",
        "ext::{}",
        "{{ {} }}",
    ];
    let plain = [
        "",
        " ",
        "-",
        "--",
        "'\"`\\",
        "a\0b",
        "a\tb",
        "{a,b}",
        "a\u{a0}b",
        "%s%n%x",
        "%00",
        "{{.Node.ID}}",
        "{{\"{{\"}}.Node.ID}}",
        "${HOME}",
        "${IFS}id",
        "$${{A}}",
        "${{project.ABSENT}}",
        "*?[a-z]",
        "~root",
        "../../../../etc/passwd",
        "..\\..\\x",
        "a/.git/hooks/post-checkout",
        "..",
        "\u{202e}gpj.exe",
        "\u{200f}\u{200b}\u{feff}",
        "\u{85}\u{2028}x",
        "\u{1b}[31m\u{7}",
        "e\u{301}👩‍👩‍👧",
        "#x",
        "=x",
        "<script>alert(1)</script>",
        "'); drop table teams; --",
        "https://user:pass@example.org/x",
    ];
    let mut texts: Vec<String> = commands.iter().map(|form| form.replace("{}", &touch)).collect();
    texts.extend(plain.iter().map(|text| (*text).to_owned()));
    texts.push("a".repeat(64 * 1024));
    texts.push("日".repeat(22 * 1024));
    texts
}

/// The texts that a variable, an argument or a label can carry.
pub fn carried(canary: &Path) -> Vec<String> {
    let carried = |text: &String| !text.contains('\0') && !text.is_empty() && text.len() < 4000;
    texts(canary).into_iter().filter(carried).collect()
}

/// Names of files in an archive, beside those of the texts that are one.
pub const NAMES: [&str; 6] = [
    "$(touch x);`id`|id&",
    "\nRUN touch x\n",
    "--from=build",
    "-rf",
    "a\r\u{1b}[2Jb",
    "é\u{a0}%00{{.}}",
];

/// What is no text at all, or no JSON.
fn no_texts() -> Vec<Vec<u8>> {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let json = [
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\u0000""#,
        r#""open"#,
        "7",
        "-1",
        "1.5",
        "1e309",
        "18446744073709551616",
        "true",
        "null",
        "[]",
        "{}",
        r#"[[["x"]]]"#,
        r#"{"kind":{"kind":"x"}}"#,
        r#"{"\u0000":"\u0000"}"#,
        "NaN",
        "",
        &deep,
    ];
    let bytes = [
        &b"\"\xff\xfe\""[..],
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"a\0b\"",
        b"\"a\nb\"",
    ];
    let json = json.iter().map(|text| text.as_bytes().to_vec());
    json.chain(bytes.iter().map(|bytes| bytes.to_vec())).collect()
}

fn as_text(text: String) -> Hostile {
    let short: String = text.chars().take(LONGEST_IN_URL / 3).collect();
    Hostile {
        json: serde_json::to_vec(&text).unwrap(),
        url: encode(short.as_bytes()),
        text: Some(text),
    }
}

fn as_bytes(json: Vec<u8>) -> Hostile {
    Hostile {
        url: encode(
            json.strip_prefix(b"\"")
                .and_then(|rest| rest.strip_suffix(b"\""))
                .unwrap_or(&json),
        ),
        json,
        text: None,
    }
}

/// Percent-encoding of everything but letters and digits, so that no part of an address is split by a value.
pub fn encode(bytes: &[u8]) -> String {
    let one = |byte: &u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(*byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    bytes.iter().map(one).collect()
}
