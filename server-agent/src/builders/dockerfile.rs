//! A Dockerfile as it is written here: constant instructions with words in them, and a start command as JSON.
//!
//! Nothing else of a repository gets into the text, so no file of one can add an instruction. There is no `# syntax=` line:
//! it would make BuildKit load a program from the internet.

use super::word::Word;

/// The user as which what is built here runs. The numbers need no entry in the image.
pub const USER: &str = "10001:10001";

/// A text that grows line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dockerfile(String);

impl Dockerfile {
    /// The next stage. `image` comes from the table of bases.
    pub fn from(&mut self, image: &str, stage: Option<&'static str>) -> &mut Self {
        match stage {
            Some(stage) => self.push(&format!("FROM {image} AS {stage}")),
            None => self.push(&format!("FROM {image}")),
        }
    }

    /// An instruction of ours.
    pub fn line(&mut self, text: &'static str) -> &mut Self {
        self.push(text)
    }

    /// An instruction of ours, if something holds.
    pub fn line_if(&mut self, holds: bool, text: &'static str) -> &mut Self {
        if holds { self.push(text) } else { self }
    }

    /// An instruction of ours with words in the places of `{}`.
    pub fn with(&mut self, template: &'static str, words: &[&Word]) -> &mut Self {
        let mut parts = template.split("{}");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (index, part) in parts.enumerate() {
            text.push_str(words.get(index).map_or("", |word| word.as_str()));
            text.push_str(part);
        }
        self.push(&text)
    }

    /// The last stage for a program that needs nothing beside it: what the stage `build` left at `/out/app`, with the folder's files.
    pub fn program_alone(&mut self, image: &str) -> &mut Self {
        self.from(image, None)
            .line("WORKDIR /app")
            // What calls other servers needs to know the authorities, which a small image may not.
            .line("COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt")
            .line("COPY --chown=10001:10001 . .")
            .line("COPY --from=build /out/app /app/app")
    }

    /// Copies files of the folder, whose names are ours, to where the build works.
    pub fn copy(&mut self, names: &[&'static str]) -> &mut Self {
        if names.is_empty() {
            return self;
        }
        self.push(&format!("COPY {} ./", names.join(" ")))
    }

    /// Installs packages of Debian, if there are any to install.
    pub fn debian(&mut self, packages: &[&'static str]) -> &mut Self {
        if packages.is_empty() {
            return self;
        }
        self.push(&format!(
            "RUN apt-get update && apt-get install --yes --no-install-recommends {} && rm -rf /var/lib/apt/lists/*",
            packages.join(" ")
        ))
    }

    /// Ends the privileges and names the program that the container runs.
    pub fn run_as_user(&mut self, start: &Start) -> &mut Self {
        self.push("ENV HOME=/tmp");
        self.push(&format!("USER {USER}"));
        self.start(start)
    }

    pub fn start(&mut self, start: &Start) -> &mut Self {
        match start {
            Start::Program(words) => self.push(&format!("CMD {}", json(words))),
            // The shell is the image's own, and what it runs is the application's own.
            Start::Line(line) => self.push(&format!(r#"CMD ["/bin/sh", "-c", {}]"#, json(line))),
        }
    }

    fn push(&mut self, line: &str) -> &mut Self {
        self.0.push_str(line);
        self.0.push('\n');
        self
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

/// What a container runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// A program and its arguments.
    Program(Vec<String>),
    /// A line for the shell of the image: for what needs `$PORT`, and for what the application's author wrote as a line.
    Line(String),
}

impl Start {
    pub fn program(words: &[&str]) -> Self {
        Self::Program(words.iter().map(|word| (*word).to_owned()).collect())
    }

    pub fn line(text: impl Into<String>) -> Self {
        Self::Line(text.into())
    }
}

/// JSON has no raw line break, so a value stays on its line.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// FR-BLD-02, NFR-S2: whatever a start command says, it stays one line, the last.
        #[test]
        fn a_start_command_is_one_line(text in "[\\x00-\\x7f\\PC]{0,80}") {
            let mut written = Dockerfile::default();
            written.from("node:22-slim", None).run_as_user(&Start::line(text.clone()));
            let written = written.into_text();
            prop_assert_eq!(written.lines().count(), 4);
            let last = written.lines().last().unwrap().strip_prefix("CMD ").unwrap();
            let read: Vec<String> = serde_json::from_str(last).unwrap();
            prop_assert_eq!(&read[2], &text);
        }
    }
}
