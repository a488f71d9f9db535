//! Whether git, in its own words, was not let in, or found nothing where it was let in.

/// In lower case. The numbers of HTTP stand with what makes them one: an address, a name or a hash may hold the same digits.
const SIGNS: [&str; 14] = [
    "not found",
    "does not exist",
    "not appear to be a git repository",
    "permission denied",
    "authentication failed",
    "could not read username",
    "error: 401",
    "error: 403",
    "http 401",
    "http 403",
    "401 unauthorized",
    "403 forbidden",
    "status code 401",
    "status code 403",
];

/// `said` is in lower case.
pub(super) fn is_denied(said: &str) -> bool {
    SIGNS.iter().any(|sign| said.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-01, NFR-U2: a server that lets nobody in is told from one that has another trouble with an address that holds such digits.
    #[test]
    fn digits_of_an_address_are_no_answer() {
        for denied in [
            "fatal: unable to access 'https://example.org/a.git/': the requested url returned error: 403",
            "error: rpc failed; http 401 curl 22 the requested url returned error: 401",
            "remote: repository not found.",
            "git@example.org: permission denied (publickey).",
        ] {
            assert!(is_denied(denied), "{denied}");
        }
        for other in [
            "fatal: unable to access 'https://example.org:4030/team401/a.git/': ssl certificate problem: certificate has expired",
            "fatal: protocol error: bad line length character: 1403",
        ] {
            assert!(!is_denied(other), "{other}");
        }
    }
}
