//! Causes in the *build* step before any command runs: the base images and the registry that they come from.
//!
//! All of these stand in BuildKit's error, which the failure's sentence repeats.

use super::evidence::Evidence;
use super::text::{between, name, word_after};
use super::{Found, Rule};

/// What BuildKit says around an error of a registry; the third is that of 20.10.
const AT_REGISTRY: [&str; 7] = [
    "source metadata",
    "failed to do request",
    "llb definition",
    "failed to authorize",
    "failed to fetch",
    "httpreadseeker",
    "/v2/",
];

pub const RULES: &[Rule] = &[
    // Docker Hub: “toomanyrequests: You have reached your (unauthenticated) pull rate limit”; others just say 429.
    Rule {
        code: "registry-rate-limit",
        find: |evidence| {
            evidence.reported(&["toomanyrequests", "pull rate limit", "429 too many requests"])?;
            Some(Found::new(
                "The registry refuses to hand out more images for now: its limit of pulls is reached \
                 (Docker Hub counts per address).",
                "Wait (Docker Hub's limit is per some hours), sign in on the server with `docker login`, \
                 or use a base image of another registry or a mirror.",
            ))
        },
    },
    // Go's x509 and net/http, as containerd's resolver reports them.
    Rule {
        code: "registry-certificate",
        find: |evidence| {
            evidence.reported(&[
                "x509: ",
                "server gave http response to https client",
                "tls: failed to verify",
            ])?;
            Some(Found::new(
                format!(
                    "The registry of {} cannot be trusted: its certificate is not accepted, or it speaks \
                     no TLS.",
                    image(evidence)
                ),
                "Give the registry a valid certificate, or tell Docker about it (`/etc/docker/certs.d`, or \
                 `insecure-registries` in `/etc/docker/daemon.json`).",
            ))
        },
    },
    // Go's net package: “dial tcp 127.0.0.1:1: connect: connection refused”, “lookup x: no such host”, “i/o timeout”.
    Rule {
        code: "registry-unreachable",
        find: |evidence| {
            let line = evidence.reported(&AT_REGISTRY)?.to_ascii_lowercase();
            let signs = [
                "connection refused",
                "no such host",
                "i/o timeout",
                "tls handshake timeout",
                "network is unreachable",
                "no route to host",
                "connection reset",
                "temporary failure in name resolution",
                "server misbehaving",
                "awaiting headers",
                "context deadline exceeded",
                "unexpected eof",
            ];
            signs.iter().find(|sign| line.contains(*sign))?;
            Some(Found::new(
                format!(
                    "The registry of {} could not be reached from this server.",
                    image(evidence)
                ),
                "Check the image's name in FROM, that the registry runs, and the network and DNS settings \
                 of the server.",
            ))
        },
    },
    // An image index without the server's platform.
    Rule {
        code: "base-image-platform",
        find: |evidence| {
            evidence.reported(&["no match for platform", "no matching manifest for"])?;
            Some(Found::new(
                format!(
                    "{} exists, but not for the processor architecture that is built for.",
                    capital(image(evidence))
                ),
                "Choose a base image or a tag that supports the architecture, or build your own. Another platform than the \
                 server's is set in the application's build settings, or by `--platform` of FROM.",
            ))
        },
    },
    // Docker Hub answers the same of a private image and of one that does not exist.
    Rule {
        code: "base-image-denied",
        find: |evidence| {
            evidence.reported(&[
                "pull access denied",
                "insufficient_scope",
                "401 unauthorized",
                "403 forbidden",
                "no basic auth credentials",
                "unauthorized: ",
                "denied: ",
            ])?;
            Some(Found::new(
                format!(
                    "{} does not exist, or the registry hands it out only after a sign-in.",
                    capital(image(evidence))
                ),
                "Check its name in FROM (also the stage's name in COPY --from). For a private image run \
                 `docker login` on the server.",
            ))
        },
    },
    // BuildKit of a tag that the registry does not have: “docker.io/library/alpine:3.99: not found”.
    Rule {
        code: "base-image-not-found",
        find: |evidence| {
            let line = evidence.reported(&["not found", "manifest unknown", "manifest for"])?;
            let lower = line.to_ascii_lowercase();
            let at_registry = AT_REGISTRY.iter().any(|sign| lower.contains(sign));
            if !at_registry && !lower.contains("docker.io/") && !lower.contains("manifest unknown") {
                return None;
            }
            Some(Found::new(
                format!(
                    "The registry does not have {}: the name is wrong, or there is no such tag.",
                    image(evidence)
                ),
                "Check name and tag in FROM against the registry's list of tags.",
            ))
        },
    },
];

/// The base image as the error names it.
fn image(evidence: &Evidence) -> String {
    let named = |phrase: &str| {
        let word = word_after(evidence.reported(&[phrase])?, phrase)?.trim_end_matches(':');
        // “llb definition: failed to do request …” names none.
        (word.contains(['/', ':']) && !word.starts_with('"')).then(|| name(word))
    };
    // “Head "http://localhost:1/v2/x/manifests/latest"”
    let requested = || {
        let line = evidence.reported(&["/manifests/"])?;
        let (host, path) = (
            between(line, "://", "/v2/")?,
            between(line, "/v2/", "/manifests/")?,
        );
        Some(name(&format!("{host}/{path}")))
    };
    let found = named("source metadata for ").or_else(|| named("llb definition: "));
    let found = found.or_else(|| named("the build failed: ")).or_else(requested);
    found.map_or_else(
        || "the base image".to_owned(),
        |image| format!("the base image {image}"),
    )
}

/// At the beginning of a sentence.
fn capital(text: String) -> String {
    match text.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => text,
    }
}
