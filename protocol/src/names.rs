//! Names and references that people type: parsed once at the edge, valid ever after.
//!
//! Every type here refuses control characters and a leading `-`, so that none can be taken for an option by a
//! program or split a line of a configuration, a header or a log.

/// Why a text is not a valid value of its kind. The sentence is meant for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} “{shown}” is not valid: {reason}")]
pub struct InvalidText {
    pub kind: &'static str,
    /// The text, shortened and without what splits a line or hides.
    pub shown: String,
    pub reason: &'static str,
}

impl InvalidText {
    pub(crate) fn new(kind: &'static str, text: &str, reason: &'static str) -> Self {
        let shown = text.chars().filter(|c| !is_hidden(*c)).take(60).collect();
        Self { kind, shown, reason }
    }
}

/// What every parsed text has in common. Returns the reason for a refusal.
pub(crate) fn refuse_dangerous(text: &str, longest: usize) -> Result<(), &'static str> {
    if text.is_empty() {
        Err("it is empty")
    } else if text.len() > longest {
        Err("it is too long")
    } else if text.starts_with('-') {
        Err("it must not start with “-”")
    } else if text.chars().any(is_hidden) {
        Err("it contains control or invisible characters")
    } else {
        Ok(())
    }
}

/// Control characters, and the Unicode ones that reorder or hide the text around them.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses a text; the error says in one sentence why it was refused.
            pub fn parse(text: &str) -> Result<Self, $crate::names::InvalidText> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(text)
                    .map(|()| Self(text.to_owned()))
                    .map_err(|reason| $crate::names::InvalidText::new($kind, text, reason))
            }

            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(&self.0) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::InvalidText;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Self::parse(text) }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::InvalidText;
            fn try_from(text: String) -> Result<Self, Self::Error> { Self::parse(&text) }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String { value.0 }
        }
    };
}
pub(crate) use text_type;

text_type! {
    /// The name of an application, and with it of its Swarm services: a DNS label of at most 40 characters.
    ApplicationName, "The application name", |text| slug(text, 40)
}

text_type! {
    /// The name of an environment (`production`, `staging`, …): a DNS label of at most 30 characters.
    EnvironmentName, "The environment name", |text| slug(text, 30)
}

text_type! {
    /// A word by which applications and projects are found again: at most 30 letters, digits and `-_.:/`, in lower case.
    Tag, "The tag", |text| {
        refuse_dangerous(text, 30)?;
        let fits = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || "-_.:/".contains(c);
        if !text.chars().all(fits) { return Err("only lower-case letters, digits and - _ . : / are allowed"); }
        Ok(())
    }
}

text_type! {
    /// What people call a project, a team or themselves: free text on one line.
    DisplayName, "The name", |text| {
        refuse_dangerous(text, 80)?;
        if text.trim() != text { return Err("it starts or ends with a space"); }
        Ok(())
    }
}

text_type! {
    /// An e-mail address that identifies an account. Kept in lower case.
    EmailAddress, "The e-mail address", |text| {
        refuse_dangerous(text, 254)?;
        if text.chars().any(|c| c.is_whitespace() || c.is_uppercase() || matches!(c, '<' | '>' | '"' | ',' | ';')) {
            return Err("it must be in lower case, without spaces or quotes");
        }
        match text.split_once('@') {
            Some((local, host)) if !local.is_empty() && host.contains('.') && !host.contains('@') && dns_name(host).is_ok() => Ok(()),
            _ => Err("it needs the form name@example.org"),
        }
    }
}

text_type! {
    /// A host name that the edge routes by: ASCII, lower case, no wildcard, no port (RFC 1123).
    HostName, "The host name", dns_name
}

text_type! {
    /// A path prefix of a URL, starting with `/`, without `..`, query or fragment.
    UrlPath, "The path", |text| {
        refuse_dangerous(text, 200)?;
        if !text.starts_with('/') { return Err("it must start with “/”"); }
        if text.contains("..") || text.contains("//") { return Err("it must not contain “..” or “//”"); }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.~".contains(c)) {
            return Err("only letters, digits and / - _ . ~ are allowed");
        }
        Ok(())
    }
}

impl UrlPath {
    /// The same without a slash at its end; the root is one.
    pub fn without_last_slash(&self) -> Self {
        match self.0.trim_end_matches('/') {
            "" => Self("/".to_owned()),
            rest => Self(rest.to_owned()),
        }
    }
}

text_type! {
    /// A path below a checkout: relative, with `/`, never leaving the folder. `.` is the folder itself.
    RelativePath, "The path", |text| {
        refuse_dangerous(text, 300)?;
        if text.starts_with('/') || text.contains('\\') { return Err("it must be relative and use “/”"); }
        if text.split('/').any(|part| part == ".." || part.is_empty() || part == ".git") {
            return Err("it must not contain “..”, “.git” or empty parts");
        }
        Ok(())
    }
}

impl RelativePath {
    /// The folder itself.
    pub fn here() -> Self {
        Self(".".to_owned())
    }

    /// Where a Dockerfile is by custom.
    pub fn dockerfile() -> Self {
        Self("Dockerfile".to_owned())
    }
}

text_type! {
    /// The key of an environment variable: letters, digits and `_`, not starting with a digit (POSIX), at most 128.
    VariableKey, "The variable name", |text| {
        refuse_dangerous(text, 128)?;
        if text.starts_with(|c: char| c.is_ascii_digit()) { return Err("it must not start with a digit"); }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err("only letters, digits and “_” are allowed");
        }
        Ok(())
    }
}

text_type! {
    /// A reference to a container image: `registry/path:tag` or `…@sha256:…`.
    ImageReference, "The image reference", |text| {
        refuse_dangerous(text, 400)?;
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) { return Err("it must start with a letter or digit"); }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.:@".contains(c)) {
            return Err("only letters, digits and / - _ . : @ are allowed");
        }
        if text.contains("..") || text.contains("//") { return Err("it must not contain “..” or “//”"); }
        Ok(())
    }
}

impl ImageReference {
    /// The registry that it comes from: the part before the first `/`, if it looks like a host; Docker's own otherwise.
    pub fn registry(&self) -> &str {
        match self.0.split_once('/') {
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            _ => RegistryHost::DOCKER,
        }
    }

    /// The reference without its tag and digest.
    pub fn repository(&self) -> &str {
        let plain = self
            .0
            .split_once('@')
            .map_or(self.0.as_str(), |(before, _)| before);
        match plain.rsplit_once(':') {
            Some((before, tag)) if !tag.contains('/') => before,
            _ => plain,
        }
    }

    /// The digest, if it names one.
    pub fn digest(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, digest)| digest)
    }
}

text_type! {
    /// A registry of images: a host name or address, with a port where it is not the usual one.
    RegistryHost, "The registry", |text| {
        refuse_dangerous(text, 260)?;
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        if port.is_some_and(|port| !matches!(port.parse::<u16>(), Ok(1..))) { return Err("its port is not one"); }
        dns_name(host)
    }
}

impl RegistryHost {
    /// Where an image without a host comes from.
    pub const DOCKER: &str = "docker.io";
}

text_type! {
    /// The name that goes with a password or token: no spaces, and no `:`, which would end it.
    LoginName, "The user name", |text| {
        refuse_dangerous(text, 200)?;
        if text.contains(|c: char| c.is_whitespace() || c == ':') { return Err("it must not contain spaces or “:”"); }
        Ok(())
    }
}

text_type! {
    /// A SHA-256 digest: 64 hexadecimal digits in lower case.
    Sha256, "The digest", |text| {
        let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if text.len() == 64 && text.chars().all(digits) { Ok(()) } else { Err("it must be 64 hexadecimal digits") }
    }
}

text_type! {
    /// Any text of at most 64 KiB, of any lines; only NUL, which neither a process nor the database can carry, is no part of one.
    FreeText, "The text", |text| {
        if text.contains('\0') { return Err("it contains NUL"); }
        if text.len() > 64 * 1024 { return Err("it is longer than 64 KiB"); }
        Ok(())
    }
}

fn slug(text: &str, longest: usize) -> Result<(), &'static str> {
    refuse_dangerous(text, longest)?;
    if !text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        return Err("only lower-case letters, digits and “-” are allowed");
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) || text.ends_with('-') {
        return Err("it must start with a letter and not end with “-”");
    }
    Ok(())
}

pub(crate) fn dns_name(text: &str) -> Result<(), &'static str> {
    refuse_dangerous(text, 253)?;
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if text.split('.').all(label) {
        Ok(())
    } else {
        Err("it is not a host name in lower case")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all_refuse(text: &str) -> bool {
        ApplicationName::parse(text).is_err()
            && EnvironmentName::parse(text).is_err()
            && Tag::parse(text).is_err()
            && DisplayName::parse(text).is_err()
            && EmailAddress::parse(text).is_err()
            && HostName::parse(text).is_err()
            && UrlPath::parse(text).is_err()
            && RelativePath::parse(text).is_err()
            && VariableKey::parse(text).is_err()
            && ImageReference::parse(text).is_err()
            && RegistryHost::parse(text).is_err()
            && LoginName::parse(text).is_err()
            && Sha256::parse(text).is_err()
            && crate::git::GitUrl::parse(text).is_err()
            && crate::git::GitRef::parse(text).is_err()
    }

    proptest! {
        /// NFR-S2: nothing that a program could take for an option becomes a value.
        #[test]
        fn a_leading_dash_is_always_refused(rest in ".{0,40}") {
            let text = format!("-{rest}");
            prop_assert!(all_refuse(&text));
        }

        /// NFR-S2: nothing that splits a line or hides text becomes a value.
        #[test]
        fn control_characters_are_always_refused(before in "[a-z/]{0,10}", c in prop::char::range('\u{0}', '\u{1f}'), after in "[a-z]{0,10}") {
            let text = format!("{before}{c}{after}");
            prop_assert!(all_refuse(&text));
        }

        /// NFR-S2: a free text is any text but one with NUL or one that is too long, and stays as it is; what is said of a
        /// refused one neither splits a line nor hides.
        #[test]
        fn free_texts_are_any_text(text in "(?s).{0,80}") {
            match FreeText::parse(&text) {
                Ok(free) => prop_assert_eq!(free.as_str(), &text),
                Err(_) => prop_assert!(text.contains('\0')),
            }
            if let Err(refusal) = DisplayName::parse(&text) {
                prop_assert!(!refusal.to_string().contains(is_hidden));
            }
        }

        /// NFR-S2: a parsed value is the text itself, also after a trip through JSON.
        #[test]
        fn json_round_trip_keeps_the_text(text in "[a-z][a-z0-9]{0,20}") {
            let name = ApplicationName::parse(&text).unwrap();
            let json = serde_json::to_string(&name).unwrap();
            prop_assert_eq!(serde_json::from_str::<ApplicationName>(&json).unwrap(), name);
        }

        /// NFR-S2: whatever the text, a relative path that parses never leaves its folder.
        #[test]
        fn relative_paths_stay_inside(text in "[./a\\\\]{1,20}") {
            if let Ok(path) = RelativePath::parse(&text) {
                prop_assert!(!path.as_str().starts_with('/'));
                prop_assert!(path.as_str().split('/').all(|part| part != ".."));
            }
        }
    }

    /// FR-SRC-03: an image's registry and repository are told from its reference, as Docker does.
    #[test]
    fn images_name_their_registry() {
        for (text, registry, repository, digest) in [
            ("nginx", "docker.io", "nginx", None),
            ("nginx:1.27", "docker.io", "nginx", None),
            ("library/nginx:1.27", "docker.io", "library/nginx", None),
            ("localhost/a:1", "localhost", "localhost/a", None),
            (
                "127.0.0.1:5000/shop/web",
                "127.0.0.1:5000",
                "127.0.0.1:5000/shop/web",
                None,
            ),
            (
                "ghcr.io/a/b:1@sha256:00",
                "ghcr.io",
                "ghcr.io/a/b",
                Some("sha256:00"),
            ),
        ] {
            let image = ImageReference::parse(text).unwrap();
            assert_eq!(
                (image.registry(), image.repository(), image.digest()),
                (registry, repository, digest),
                "{text}"
            );
        }
        for good in [
            "ghcr.io",
            "127.0.0.1:5000",
            "localhost",
            "registry.example.org:443",
        ] {
            assert!(RegistryHost::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "https://ghcr.io",
            "ghcr.io/a",
            "a:0",
            "a:99999",
            "a b",
            "A.io",
            "user@host",
        ] {
            assert!(RegistryHost::parse(bad).is_err(), "{bad}");
        }
    }

    /// NFR-U2: a refused text is named with the reason, without its control characters.
    #[test]
    fn a_refusal_is_one_clear_sentence() {
        let error = ApplicationName::parse("My App").unwrap_err().to_string();
        assert_eq!(
            error,
            "The application name “My App” is not valid: only lower-case letters, digits and “-” are allowed"
        );
    }
}
