//! Causes in the *build* step of an application that is an image: what its registry answered. The signs are Slipway's own sentences.

use super::{Found, Rule};

pub const RULES: &[Rule] = &[
    Rule {
        code: "image-rate-limit",
        find: |evidence| {
            evidence.reported(&["hands out no more images for now"])?;
            Some(Found::new(
                "The registry refuses to hand out more images for now: its limit of pulls is reached (Docker Hub counts per address).",
                "Wait (Docker Hub's limit is per some hours), or store a sign-in with `slipway registry set`: signed in, the limit is higher.",
            ))
        },
    },
    Rule {
        code: "image-sign-in",
        find: |evidence| {
            evidence.reported(&["without a sign-in, or refuses", "does not let this sign-in have"])?;
            Some(Found::new(
                "The image is private, and the registry does not accept the sign-in that is stored for it, or none is stored.",
                "Store one that may read the image: `slipway registry set HOST --user NAME`, with the password or a token on standard input.",
            ))
        },
    },
    Rule {
        code: "image-not-found",
        find: |evidence| {
            evidence.reported(&["has no image"])?;
            Some(Found::new(
                "The registry does not have this image: the name is wrong, there is no such tag, or it was deleted.",
                "Check name and tag against the registry's list, and correct the application's source.",
            ))
        },
    },
    Rule {
        code: "image-registry-unreachable",
        find: |evidence| {
            evidence.reported(&["could not be reached; check the image's name"])?;
            Some(Found::new(
                "The registry of the image could not be reached from this server.",
                "Check the host in the image's name, that the registry runs, and the network and DNS settings of the server.",
            ))
        },
    },
];
