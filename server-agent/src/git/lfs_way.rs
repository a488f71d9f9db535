//! Where a server may send git-lfs for files. It is the server's own word, which nobody here has looked at: an address without TLS could be any port
//! of this server, or of the network that it is in, which then gets a request that the server elsewhere has written. So only https is followed: there
//! nobody is asked for anything who cannot prove that the address is theirs.

use serde_json::{Map, Value};

/// Said where a server's answer is refused.
pub(super) const NOT_HTTPS: &str = "the repository's server leads to files of Git LFS at an address that is not https; have it give out https addresses, then deploy again";

/// git-lfs asks by https where the server said http, however that is spelled.
pub(super) fn settings() -> Vec<String> {
    let mut settings = vec!["lfs.transfer.enablehrefrewrite=true".to_owned()];
    settings.extend(spellings("http").map(|http| format!("url.https://.insteadOf={http}://")));
    settings
}

/// A word in each mixture of small and capital letters.
fn spellings(word: &'static str) -> impl Iterator<Item = String> {
    (0..(1_u32 << word.len())).map(move |mask| {
        let letter = |(at, c): (usize, char)| {
            if (mask >> at) & 1 == 1 {
                c.to_ascii_uppercase()
            } else {
                c
            }
        };
        word.chars().enumerate().map(letter).collect()
    })
}

/// Whether git-lfs asks with these arguments of ssh where the files are.
pub(super) fn asks_where(args: &[std::ffi::OsString]) -> bool {
    let starts = |arg: &std::ffi::OsString| {
        arg.to_string_lossy()
            .trim_start()
            .starts_with("git-lfs-authenticate")
    };
    args.iter().any(starts)
}

/// The server's answer over ssh, written anew so that git-lfs reads in it what was read here; `None` where it leads to something that is not https.
pub(super) fn checked(answer: &str) -> Option<String> {
    let answer: Map<String, Value> = serde_json::from_str(answer).ok()?;
    // git-lfs takes a name in capitals for the same.
    let addresses = answer
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("href"));
    let mut addresses = addresses.map(|(_, address)| address);
    addresses.all(is_https).then(|| Value::Object(answer).to_string())
}

/// Nothing is fine, too: git-lfs then asks the server of the repository by https.
fn is_https(address: &Value) -> bool {
    match address {
        Value::Null => true,
        Value::String(text) if text.is_empty() => true,
        Value::String(text) => url::Url::parse(text).is_ok_and(|url| url.scheme() == "https"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    /// FR-SRC-01, NFR-S2: no spelling of http leads a server's word past TLS.
    #[test]
    fn http_is_asked_by_https() {
        let all = settings();
        assert_eq!(all.len(), 17);
        for http in ["http", "HTTP", "hTtP", "Http"] {
            let wanted = format!("url.https://.insteadOf={http}://");
            assert!(all.contains(&wanted), "{wanted}");
        }
    }

    /// FR-SRC-01, NFR-S2: a server behind ssh sends git-lfs to https, or to nothing.
    #[test]
    fn a_server_leads_to_https_alone() {
        for good in [
            r#"{"href":"https://files.example.org/a.git/info/lfs","header":{"Authorization":"x"},"expires_in":600}"#,
            r#"{"header":{}}"#,
            r#"{"href":""}"#,
        ] {
            let told = checked(good).unwrap();
            let (told, said): (Value, Value) = (
                serde_json::from_str(&told).unwrap(),
                serde_json::from_str(good).unwrap(),
            );
            assert_eq!(told, said);
        }
        for bad in [
            r#"{"href":"http://127.0.0.1:2375/"}"#,
            r#"{"HREF":"HTTP://169.254.169.254/latest"}"#,
            r#"{"href":"https://files.example.org","hRef":"http://10.0.0.1"}"#,
            r#"{"href":"https://files.example.org","href":"http://10.0.0.1"}"#,
            r#"{"href":" http://10.0.0.1"}"#,
            r#"{"href":["http://10.0.0.1"]}"#,
            r#"{"href":"file:///etc/passwd"}"#,
            "",
            "[]",
        ] {
            assert_eq!(checked(bad), None, "{bad}");
        }
    }

    /// FR-SRC-01: the question is known, whether ssh gets it as one argument or as several.
    #[test]
    fn the_question_is_known() {
        let of = |args: &[&str]| asks_where(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(of(&[
            "-p",
            "22",
            "git@example.org",
            "git-lfs-authenticate a.git download"
        ]));
        assert!(of(&[
            "git@example.org",
            "git-lfs-authenticate",
            "a.git",
            "download"
        ]));
        assert!(!of(&[
            "git@example.org",
            "git-upload-pack 'git-lfs-authenticate.git'"
        ]));
    }
}
