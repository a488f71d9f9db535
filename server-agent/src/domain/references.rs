//! Variables of all scopes → what an application gets: later scopes override earlier ones, and references are replaced.
//!
//! `${{team.NAME}}`, `${{project.NAME}}` and `${{environment.NAME}}` name a variable of that scope; `${{NAME}}` the one that the application
//! gets under that name. `$${{NAME}}` is the text `${{NAME}}`. Whatever else a value holds is taken as it is.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};

use slipway_protocol::Secret;
use slipway_protocol::secret::Zeroize;
use slipway_protocol::variable::LARGEST_VALUE;

/// What an application gets together, names and values, in bytes. Beyond that a kernel does not start a program.
const LARGEST_ALL: usize = 1024 * 1024;
/// So many references may lead from one to the next.
const DEEPEST: usize = 32;
/// The longest name in a reference, in bytes, as that of a variable.
const LONGEST_NAME: usize = 128;

/// The scopes, each overriding those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Team,
    Project,
    Environment,
    Application,
}

impl Level {
    const ALL: [Self; 4] = [Self::Team, Self::Project, Self::Environment, Self::Application];

    fn as_str(self) -> &'static str {
        match self {
            Self::Team => "team",
            Self::Project => "project",
            Self::Environment => "environment",
            Self::Application => "application",
        }
    }
}

pub struct Variable {
    pub value: Secret<String>,
    pub as_file: bool,
}

/// The variables of each scope that an application stands in, by key.
#[derive(Default)]
pub struct Layers(BTreeMap<(Level, String), Variable>);

impl Layers {
    pub fn insert(&mut self, level: Level, key: String, variable: Variable) {
        self.0.insert((level, key), variable);
    }

    fn of(&self, level: Level, key: &str) -> Option<(At<'_>, &Variable)> {
        let ((level, key), variable) = self.0.get_key_value(&(level, key.to_owned()))?;
        Some(((*level, key), variable))
    }

    /// The one that the application gets under this name.
    fn merged(&self, key: &str) -> Option<(At<'_>, &Variable)> {
        Level::ALL.into_iter().rev().find_map(|level| self.of(level, key))
    }
}

/// Which variable.
type At<'l> = (Level, &'l str);

/// What the application gets.
#[derive(Default, PartialEq, Eq)]
pub struct Delivered {
    pub environment: BTreeMap<String, String>,
    /// Those that are delivered as files.
    pub files: BTreeMap<String, String>,
}

impl Zeroize for Delivered {
    fn zeroize(&mut self) {
        let values = self.environment.values_mut().chain(self.files.values_mut());
        values.for_each(Zeroize::zeroize);
    }
}

/// Why it cannot be said what the application gets. Never with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    #[error(
        "The variable {variable} refers to {reference}, which is not set; set it, or write ${reference} for the text itself."
    )]
    Missing { variable: Named, reference: String },
    #[error(
        "The variable {variable} refers to {reference}, and there is no such scope; it is team, project or environment. Write ${reference} for the text itself."
    )]
    UnknownScope { variable: Named, reference: String },
    #[error("The variable {variable} refers to itself: {}. Change one of them.", path.join(" → "))]
    Cycle { variable: Named, path: Vec<String> },
    #[error(
        "The references of the variable {variable} lead through more than {DEEPEST} others; shorten the chain."
    )]
    TooDeep { variable: Named },
    #[error(
        "The variable {variable} has more than {LARGEST_VALUE} bytes with its references; make it shorter."
    )]
    TooLong { variable: Named },
    #[error(
        "The variable {variable} is delivered as a file and is empty; give it a value, or deliver it in the environment."
    )]
    EmptyFile { variable: Named },
    #[error(
        "The application’s variables have more than {LARGEST_ALL} bytes together; remove some, or put long values into files."
    )]
    TooMuch,
}

/// A variable's key and where it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub key: String,
    pub level: Level,
}

impl Display for Named {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of the {}", self.key, self.level.as_str())
    }
}

fn named((level, key): At<'_>) -> Named {
    Named {
        key: key.to_owned(),
        level,
    }
}

/// Merges the scopes and replaces the references.
pub fn resolve(layers: &Layers) -> Result<Secret<Delivered>, Unresolved> {
    let mut resolver = Resolver {
        layers,
        done: BTreeMap::new(),
        path: Vec::new(),
    };
    let mut delivered = Delivered::default();
    let mut size = 0;
    for (_, key) in layers.0.keys() {
        let Some((at, variable)) = layers.merged(key) else {
            continue;
        };
        if delivered.environment.contains_key(key) || delivered.files.contains_key(key) {
            continue;
        }
        let value = resolver.value(at, variable)?;
        size += key.len() + value.len();
        if size > LARGEST_ALL {
            return Err(Unresolved::TooMuch);
        }
        if variable.as_file && value.is_empty() {
            return Err(Unresolved::EmptyFile { variable: named(at) });
        }
        let into = if variable.as_file {
            &mut delivered.files
        } else {
            &mut delivered.environment
        };
        into.insert(key.clone(), value);
    }
    Ok(Secret::new(delivered))
}

struct Resolver<'l> {
    layers: &'l Layers,
    done: BTreeMap<At<'l>, String>,
    /// The variables that are being resolved, each referring to the next.
    path: Vec<At<'l>>,
}

impl<'l> Resolver<'l> {
    fn value(&mut self, at: At<'l>, variable: &'l Variable) -> Result<String, Unresolved> {
        if let Some(done) = self.done.get(&at) {
            return Ok(done.clone());
        }
        if let Some(begin) = self.path.iter().position(|one| *one == at) {
            let path = self.path[begin..].iter().chain([&at]);
            return Err(Unresolved::Cycle {
                variable: named(at),
                path: path.map(|(_, key)| (*key).to_owned()).collect(),
            });
        }
        if self.path.len() >= DEEPEST {
            let variable = named(self.path.first().copied().unwrap_or(at));
            return Err(Unresolved::TooDeep { variable });
        }
        self.path.push(at);
        let mut value = String::new();
        for part in parts(variable.value.expose()) {
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Reference(reference) => {
                    let (target, variable) = self.find(at, &reference)?;
                    value.push_str(&self.value(target, variable)?);
                }
            }
            if value.len() > LARGEST_VALUE {
                return Err(Unresolved::TooLong { variable: named(at) });
            }
        }
        self.path.pop();
        self.done.insert(at, value.clone());
        Ok(value)
    }

    fn find(&self, from: At<'l>, reference: &Reference<'_>) -> Result<(At<'l>, &'l Variable), Unresolved> {
        let found = match reference.scope {
            None => self.layers.merged(reference.name),
            Some(scope) => {
                let level = Level::ALL.into_iter().find(|level| level.as_str() == scope);
                let level = level.ok_or_else(|| Unresolved::UnknownScope {
                    variable: named(from),
                    reference: reference.written.to_owned(),
                })?;
                self.layers.of(level, reference.name)
            }
        };
        found.ok_or_else(|| Unresolved::Missing {
            variable: named(from),
            reference: reference.written.to_owned(),
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Reference(Reference<'t>),
}

#[derive(Debug, PartialEq, Eq)]
struct Reference<'t> {
    /// As it stands in the value.
    written: &'t str,
    scope: Option<&'t str>,
    name: &'t str,
}

const OPEN: &str = "${{";

/// A value's texts and references, in their order. An escaped reference is a text.
fn parts(value: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut text_from, mut look_from) = (0, 0);
    while let Some(found) = value[look_from..].find(OPEN) {
        let at = look_from + found;
        let Some(reference) = reference(&value[at..]) else {
            look_from = at + 1;
            continue;
        };
        let end = at + reference.written.len();
        let before = &value[text_from..at];
        match before.strip_suffix('$') {
            Some(before) => {
                parts.push(Part::Text(before));
                parts.push(Part::Text(reference.written));
            }
            None => {
                parts.push(Part::Text(before));
                parts.push(Part::Reference(reference));
            }
        }
        (text_from, look_from) = (end, end);
    }
    parts.push(Part::Text(&value[text_from..]));
    parts
}

/// The reference with which a text begins.
fn reference(text: &str) -> Option<Reference<'_>> {
    let inner = text.strip_prefix(OPEN)?;
    // Nothing longer can be one; and so the search stays short whatever the value.
    let room = inner.floor_char_boundary(2 * LONGEST_NAME + 16);
    let length = inner[..room].find("}}")?;
    let path = inner[..length].trim_matches([' ', '\t']);
    let (scope, name) = match path.split_once('.') {
        Some((scope, name)) => (Some(scope), name),
        None => (None, path),
    };
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= LONGEST_NAME
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    (is_name(name) && scope.is_none_or(is_name)).then(|| Reference {
        written: &text[..OPEN.len() + length + 2],
        scope,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn layers(variables: &[(Level, &str, &str)]) -> Layers {
        let mut layers = Layers::default();
        for (level, key, value) in variables {
            let variable = Variable {
                value: Secret::new((*value).to_owned()),
                as_file: false,
            };
            layers.insert(*level, (*key).to_owned(), variable);
        }
        layers
    }

    fn resolved(variables: &[(Level, &str, &str)]) -> BTreeMap<String, String> {
        match resolve(&layers(variables)) {
            Ok(delivered) => delivered.into_exposed().environment,
            Err(error) => panic!("{error}"),
        }
    }

    fn refused(variables: &[(Level, &str, &str)]) -> Unresolved {
        resolve(&layers(variables)).err().unwrap()
    }

    use Level::{Application as A, Environment as E, Project as P, Team as T};

    /// FR-CFG-01: later scopes override earlier ones, and each can still be named.
    #[test]
    fn scopes_override_and_can_be_named() {
        let variables = [
            (T, "HOST", "team"),
            (P, "HOST", "project"),
            (E, "HOST", "environment"),
            (A, "HOST", "application"),
            (T, "ONLY", "${{HOST}}/${{ team.HOST }}"),
            (
                A,
                "ALL",
                "${{team.HOST}} ${{project.HOST}} ${{environment.HOST}} ${{HOST}} ${{ONLY}}",
            ),
        ];
        let got = resolved(&variables);
        assert_eq!(got["HOST"], "application");
        assert_eq!(got["ONLY"], "application/team");
        assert_eq!(
            got["ALL"],
            "team project environment application application/team"
        );
    }

    /// FR-CFG-01: an escaped reference is its text, and what only looks like one stays as it is.
    #[test]
    fn a_reference_can_be_escaped() {
        let same = |text: &str| assert_eq!(resolved(&[(A, "K", text)])["K"], text);
        for text in [
            "${{",
            "${{}}",
            "${{ }}",
            "${{a b}}",
            "${{a.b.c}}",
            "${{a-b}}",
            "${{1}}",
            "${{A}",
            "{{A}}",
            "${A}",
            "$$",
            "$${{a-b}}",
            "${{A\n}}",
            "${{${{a-b}}}}",
        ] {
            same(text);
        }
        let variables = [(A, "K", "$${{A}} $${{team.B}} $$${{A}} ${{A}}$"), (A, "A", "$")];
        assert_eq!(resolved(&variables)["K"], "${{A}} ${{team.B}} $${{A}} $$");
        // What came out of a reference is not looked at again.
        let variables = [(A, "K", "${{D}}{{K}}"), (A, "D", "$")];
        assert_eq!(resolved(&variables)["K"], "${{K}}");
    }

    /// FR-CFG-01, NFR-U2: a reference to nothing is refused with both names, wherever it stands; so is an unknown scope.
    #[test]
    fn what_is_not_set_is_named() {
        let error = refused(&[(P, "URL", "http://${{team.HOST}}"), (A, "HOST", "x")]);
        let expected = Unresolved::Missing {
            variable: Named {
                key: "URL".to_owned(),
                level: P,
            },
            reference: "${{team.HOST}}".to_owned(),
        };
        assert_eq!(error, expected);
        let text = error.to_string();
        assert!(
            text.starts_with("The variable URL of the project refers to ${{team.HOST}}, which is not set"),
            "{text}"
        );
        assert!(text.contains("$${{team.HOST}}") && text.ends_with('.'), "{text}");
        assert!(matches!(
            refused(&[(A, "K", "${{github.sha}}")]),
            Unresolved::UnknownScope { .. }
        ));
        assert!(matches!(
            refused(&[(A, "K", "${{X}}")]),
            Unresolved::Missing { .. }
        ));
        // An overridden variable is not asked for, so what it refers to need not be there.
        assert_eq!(resolved(&[(T, "K", "${{NOWHERE}}"), (A, "K", "1")])["K"], "1");
    }

    /// FR-CFG-01: a cycle is refused with its way, also over scopes; the same name in two scopes is none.
    #[test]
    fn cycles_are_refused() {
        let error = refused(&[(A, "A", "${{B}}"), (A, "B", "x${{C}}"), (T, "C", "${{A}}")]);
        let text = error.to_string();
        assert!(text.contains("C → A → B → C"), "{text}");
        assert!(matches!(refused(&[(A, "A", "${{A}}")]), Unresolved::Cycle { .. }));
        assert_eq!(
            resolved(&[(T, "P", "/bin"), (A, "P", "/app:${{team.P}}")])["P"],
            "/app:/bin"
        );
    }

    /// FR-CFG-01, NFR-R3: references cannot make much out of little, nor lead on without an end.
    #[test]
    fn growth_is_bounded() {
        let mut all = Layers::default();
        let mut set = |key: String, value: String| {
            let value = Secret::new(value);
            all.insert(
                A,
                key,
                Variable {
                    value,
                    as_file: false,
                },
            );
        };
        set("K0".to_owned(), "x".repeat(1000));
        for i in 1..20 {
            set(format!("K{i}"), format!("${{{{K{}}}}}", i - 1).repeat(10));
        }
        assert!(matches!(resolve(&all).err(), Some(Unresolved::TooLong { .. })));
        let mut all = Layers::default();
        for i in 0..100 {
            let value = Secret::new(format!("${{{{K{}}}}}", i + 1));
            all.insert(
                A,
                format!("K{i}"),
                Variable {
                    value,
                    as_file: false,
                },
            );
        }
        assert!(matches!(resolve(&all).err(), Some(Unresolved::TooDeep { .. })));
        let mut all = Layers::default();
        for i in 0..17 {
            let value = Secret::new("x".repeat(LARGEST_VALUE));
            all.insert(
                A,
                format!("K{i}"),
                Variable {
                    value,
                    as_file: false,
                },
            );
        }
        assert_eq!(resolve(&all).err(), Some(Unresolved::TooMuch));
    }

    /// FR-CFG-02: one that is delivered as a file is in no environment, and cannot be empty.
    #[test]
    fn files_are_apart() {
        let with = |value: &str| {
            let mut all = layers(&[(A, "SHOWN", "${{HIDDEN}}!")]);
            let value = Secret::new(value.to_owned());
            all.insert(T, "HIDDEN".to_owned(), Variable { value, as_file: true });
            all
        };
        let got = resolve(&with("v")).ok().unwrap().into_exposed();
        assert_eq!(
            got.environment,
            BTreeMap::from([("SHOWN".to_owned(), "v!".to_owned())])
        );
        assert_eq!(got.files, BTreeMap::from([("HIDDEN".to_owned(), "v".to_owned())]));
        assert!(matches!(
            resolve(&with("")).err(),
            Some(Unresolved::EmptyFile { .. })
        ));
    }

    /// A text that resolves to the given one.
    fn escaped(text: &str) -> String {
        let mut out = String::new();
        for (at, c) in text.char_indices() {
            if reference(&text[at..]).is_some() {
                out.push('$');
            }
            out.push(c);
        }
        out
    }

    proptest! {
        /// FR-CFG-01: a value without a reference arrives unchanged, whatever it holds.
        #[test]
        fn other_values_are_left_alone(value in "(?s).{0,60}|[$\\{\\}A. ]{0,24}") {
            let holds_one = value.char_indices().any(|(at, _)| reference(&value[at..]).is_some());
            if !holds_one {
                prop_assert_eq!(&resolved(&[(A, "K", &value)])["K"], &value);
            }
        }

        /// FR-CFG-01: every text can be written, and arrives byte for byte also by a reference.
        #[test]
        fn any_text_can_be_written(value in "(?s).{0,60}|([$]|\\$\\{\\{A\\}\\}|\\$\\{\\{|team\\.|\\}\\}|x){0,10}") {
            let written = escaped(&value);
            let variables = [(T, "K", written.as_str()), (A, "L", "<${{team.K}}>")];
            // A dollar sign before a reference cannot be told from an escape; it is the one text that needs a variable of its own.
            if !value.contains("$${{") {
                let got = resolved(&variables);
                prop_assert_eq!(&got["K"], &value);
                prop_assert_eq!(&got["L"], &format!("<{value}>"));
            }
        }

        /// NFR-S2: any set of values is resolved or refused with a sentence, without NUL where none went in.
        #[test]
        fn it_always_ends(values in prop::collection::vec("(\\$\\{\\{(team\\.|project\\.)?K[0-5]\\}\\}|[a-z $]){0,5}", 1..7)) {
            let keys: Vec<String> = (0..values.len()).map(|i| format!("K{i}")).collect();
            let all: Vec<_> = keys.iter().zip(&values).enumerate()
                .map(|(i, (key, value))| (Level::ALL[i % 4], key.as_str(), value.as_str())).collect();
            match resolve(&layers(&all)) {
                Ok(delivered) => prop_assert!(delivered.expose().environment.values().all(|value| !value.contains('\0'))),
                Err(error) => prop_assert!(error.to_string().ends_with('.')),
            }
        }
    }
}
