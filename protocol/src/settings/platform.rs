//! What an image is built for.

use std::fmt::{Display, Formatter, Result};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of processor, as Docker names it. Containers of Linux are all that Swarm runs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub enum Platform {
    #[serde(rename = "linux/amd64")]
    Amd64,
    #[serde(rename = "linux/arm64")]
    Arm64,
    #[serde(rename = "linux/arm/v7")]
    ArmV7,
    #[serde(rename = "linux/arm/v6")]
    ArmV6,
    #[serde(rename = "linux/386")]
    I386,
    #[serde(rename = "linux/ppc64le")]
    Ppc64le,
    #[serde(rename = "linux/s390x")]
    S390x,
    #[serde(rename = "linux/riscv64")]
    Riscv64,
}

impl Platform {
    pub const ALL: [Self; 8] = [
        Self::Amd64,
        Self::Arm64,
        Self::ArmV7,
        Self::ArmV6,
        Self::I386,
        Self::Ppc64le,
        Self::S390x,
        Self::Riscv64,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "linux/amd64",
            Self::Arm64 => "linux/arm64",
            Self::ArmV7 => "linux/arm/v7",
            Self::ArmV6 => "linux/arm/v6",
            Self::I386 => "linux/386",
            Self::Ppc64le => "linux/ppc64le",
            Self::S390x => "linux/s390x",
            Self::Riscv64 => "linux/riscv64",
        }
    }

    /// The platform of that name; else a sentence that names them all.
    pub fn named(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|platform| platform.as_str() == text);
        found.ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.into_iter().map(Self::as_str).collect();
            format!("a platform is one of {}", all.join(", "))
        })
    }
}

impl Display for Platform {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-01: a platform has one name, which is Docker's; any other text is none.
    #[test]
    fn a_platform_has_one_name() {
        for platform in Platform::ALL {
            assert_eq!(Platform::named(platform.as_str()), Ok(platform));
            assert_eq!(serde_json::to_value(platform).unwrap(), platform.as_str());
        }
        for other in [
            "",
            "amd64",
            "linux/arm64 ",
            "LINUX/ARM64",
            "linux/arm64&t=x",
            "windows/amd64",
        ] {
            assert!(
                Platform::named(other).unwrap_err().contains("linux/riscv64"),
                "{other}"
            );
            assert!(
                serde_json::from_value::<Platform>(other.into()).is_err(),
                "{other}"
            );
        }
    }
}
