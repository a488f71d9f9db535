//! The images that written Dockerfiles start from: a table with defaults, of which the administrator may change any.

use std::collections::BTreeMap;
use std::str::FromStr;

use slipway_protocol::ImageReference;

use super::word::Version;

/// What a base is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    Node,
    Bun,
    Deno,
    Python,
    Go,
    Rust,
    Ruby,
    Php,
    Composer,
    Maven,
    Gradle,
    Java,
    DotnetSdk,
    Dotnet,
    Elixir,
    /// What compiled programs run on.
    Plain,
    /// The server of static files.
    Static,
    /// The builder image of Cloud Native Buildpacks.
    Buildpacks,
}

impl Base {
    pub const ALL: [Self; 18] = [
        Self::Node,
        Self::Bun,
        Self::Deno,
        Self::Python,
        Self::Go,
        Self::Rust,
        Self::Ruby,
        Self::Php,
        Self::Composer,
        Self::Maven,
        Self::Gradle,
        Self::Java,
        Self::DotnetSdk,
        Self::Dotnet,
        Self::Elixir,
        Self::Plain,
        Self::Static,
        Self::Buildpacks,
    ];

    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Its name, the image with the place of the version, and the version that is taken when the folder names none.
    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Node => ("node", "node:{version}-slim", "22"),
            Self::Bun => ("bun", "oven/bun:{version}-slim", "1"),
            Self::Deno => ("deno", "denoland/deno:{version}", "2.5.0"),
            Self::Python => ("python", "python:{version}-slim", "3.13"),
            Self::Go => ("go", "golang:{version}", "1.25"),
            Self::Rust => ("rust", "rust:{version}-slim", "1"),
            Self::Ruby => ("ruby", "ruby:{version}-slim", "3.4"),
            Self::Php => ("php", "php:{version}-apache", "8.4"),
            Self::Composer => ("composer", "composer:{version}", "2"),
            Self::Maven => ("maven", "maven:3-eclipse-temurin-{version}", "21"),
            Self::Gradle => ("gradle", "gradle:8-jdk{version}", "21"),
            Self::Java => ("java", "eclipse-temurin:{version}-jre", "21"),
            Self::DotnetSdk => ("dotnet-sdk", "mcr.microsoft.com/dotnet/sdk:{version}", "8.0"),
            Self::Dotnet => ("dotnet", "mcr.microsoft.com/dotnet/aspnet:{version}", "8.0"),
            Self::Elixir => ("elixir", "elixir:{version}-slim", "1.18"),
            Self::Plain => ("plain", "debian:bookworm-slim", ""),
            Self::Static => ("static", "nginx:stable", ""),
            Self::Buildpacks => ("buildpacks", "heroku/builder:24", ""),
        }
    }
}

/// One change of the table: `node=registry.example.org/node:{version}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseChoice {
    base: Base,
    image: String,
}

const FORM: &str =
    "a base image has the form NAME=IMAGE, for example node=node:22-slim, where IMAGE may contain {version}";

impl FromStr for BaseChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, image) = text.trim().split_once('=').ok_or(FORM)?;
        let Some(base) = Base::ALL.into_iter().find(|base| base.name() == name) else {
            let names: Vec<&str> = Base::ALL.into_iter().map(Base::name).collect();
            return Err(format!(
                "there is no base image “{name}”; the names are {}",
                names.join(", ")
            ));
        };
        ImageReference::parse(&image.replace("{version}", "1")).map_err(|error| error.to_string())?;
        Ok(Self {
            base,
            image: image.to_owned(),
        })
    }
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Bases(BTreeMap<Base, String>);

impl Bases {
    pub fn new(choices: &[BaseChoice]) -> Self {
        Self(
            choices
                .iter()
                .map(|choice| (choice.base, choice.image.clone()))
                .collect(),
        )
    }

    /// The image for a version; without one, for the version that is usual.
    pub fn image(&self, base: Base, version: Option<&Version>) -> String {
        let (_, template, usual) = base.row();
        let template = self.0.get(&base).map_or(template, String::as_str);
        template.replace("{version}", version.map_or(usual, Version::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-02: every base has a valid image, which the administrator may replace.
    #[test]
    fn bases_are_images_and_can_be_chosen() {
        let usual = Bases::default();
        for base in Base::ALL {
            let image = usual.image(base, None);
            assert!(ImageReference::parse(&image).is_ok(), "{image}");
        }
        let version = Version::parse("20", 1);
        assert_eq!(usual.image(Base::Node, version.as_ref()), "node:20-slim");
        let own = Bases::new(&["node=registry.example.org/node:{version}".parse().unwrap()]);
        assert_eq!(own.image(Base::Node, None), "registry.example.org/node:22");
        assert!("cobol=x".parse::<BaseChoice>().is_err());
        assert!("node=-x\nRUN y".parse::<BaseChoice>().is_err() && "node".parse::<BaseChoice>().is_err());
    }
}
