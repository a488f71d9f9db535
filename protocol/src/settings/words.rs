//! Settings in words, the same for the window and the command line.

use std::fmt::{Display, Formatter, Result};

use super::{Build, HealthCheck, Port, Source, Strategy};

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Git(git) => write!(f, "{} at {}", git.url, git.reference),
            Self::Image(image) => write!(f, "the image {}", image.image),
            Self::Upload(_) => f.write_str("what was uploaded"),
        }
    }
}

impl Display for Build {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Automatic(_) => f.write_str("what is found in the folder"),
            Self::Dockerfile(build) => match &build.target {
                Some(target) => write!(f, "{}, stage {target}", build.file),
                None => write!(f, "{}", build.file),
            },
            Self::Static(site) => write!(f, "the files in {}", site.publish),
            Self::External(external) => f.write_str(external.builder.program()),
        }?;
        match self.platform() {
            Some(platform) => write!(f, ", for {platform}"),
            None => Ok(()),
        }
    }
}

impl Strategy {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::BlueGreen => "blue-green",
            Self::Canary(_) => "canary",
            Self::Rolling => "rolling",
            Self::Recreate => "recreate",
        }
    }
}

impl HealthCheck {
    /// What a healthy task does, for an application with this port.
    pub fn in_words(&self, port: Option<Port>) -> String {
        let on = port.map_or_else(String::new, |port| format!(" on port {}", port.get()));
        match (self, port) {
            (Self::Port, Some(port)) => format!("port {} answers", port.get()),
            (Self::Port, None) => "stays up for 10 s".to_owned(),
            (Self::Http { path, answer }, _) => {
                let status = answer
                    .status
                    .map_or_else(String::new, |status| format!(" with {status}"));
                format!("GET {path}{on} answers{status}")
            }
            (Self::Tcp, _) => format!("accepts connections{on}"),
            (Self::Command { command }, _) => format!("“{command}” ends with 0"),
            (Self::StaysUp { seconds }, _) => format!("stays up for {} s", seconds.get()),
        }
    }
}
