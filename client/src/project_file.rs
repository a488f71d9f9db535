//! The file in a project's folder that names the cluster, the team and the application that belong to it: what is done there goes to no other
//! cluster because another one was chosen last. It holds names alone; where a cluster is and who signs in stays with the person.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use slipway_protocol::{ApplicationName, DisplayName, EnvironmentName};

use crate::profiles::{Profile, ProfileError, ProfileStore};
use crate::{config, files};

/// How it is called.
pub const FILE_NAME: &str = "slipway.toml";

/// Five names are never longer, in bytes.
const LONGEST: u64 = 16 * 1024;

const HEAD: &str = "# Where “slipway” goes from this folder, unless the command line names something else. Names alone: no address, no secret.\n";

/// What such a file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectNames {
    /// As it is saved on each person's machine.
    pub cluster: DisplayName,
    /// The team that calls are about; that of the cluster's entry if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<DisplayName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<DisplayName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// In that project and environment, where they are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationName>,
}

impl ProjectNames {
    /// `“web” of Shop/production`, as far as it is named.
    pub fn application_in_words(&self) -> Option<String> {
        let name = self.application.as_ref()?;
        Some(match (&self.project, &self.environment) {
            (None, _) => format!("“{name}”"),
            (Some(project), None) => format!("“{name}” of {project}"),
            (Some(project), Some(environment)) => format!("“{name}” of {project}/{environment}"),
        })
    }

    /// The names in a file's text, or why there are none.
    fn parse(text: &str) -> Result<Self, String> {
        let names: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.unwrap_or_default().matches('\n').count() + 1;
            format!("line {line}: {}", error.message())
        })?;
        match (&names.project, &names.environment) {
            (None, Some(_)) => Err("it names an environment without its project".to_owned()),
            (Some(_), _) | (None, None) => Ok(names),
        }
    }
}

/// A project's file and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFile {
    pub path: PathBuf,
    pub names: ProjectNames,
}

/// Why a project's file is of no use, or is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectFileError {
    #[error(
        "The project's file {path} cannot be used: {reason}; repair it, or remove it and write it anew with “slipway link”."
    )]
    Unusable { path: PathBuf, reason: String },
    #[error(
        "{path} names the cluster “{cluster}”, which is not saved here; add it with “slipway cluster add”, or name another one with --cluster."
    )]
    UnknownCluster { path: PathBuf, cluster: DisplayName },
    #[error("{path} is there already; “slipway link --replace” writes it anew.")]
    Taken { path: PathBuf },
    #[error("{path} could not be written: {reason}; nothing was linked.")]
    Unwritten { path: PathBuf, reason: String },
    #[error(transparent)]
    Saved(#[from] ProfileError),
}

impl ProjectFile {
    /// The file that counts in the working directory.
    pub fn of_working_directory() -> Result<Option<Self>, ProjectFileError> {
        let folder = match std::env::current_dir() {
            Ok(folder) => folder,
            // A folder that was removed under somebody's feet has no files.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(PathBuf::from(FILE_NAME), error.kind().to_string())),
        };
        Self::find(&folder, &config::home_folder())
    }

    /// The file that counts in a folder: the nearest one, up to the repository's root, or to the person's home.
    fn find(folder: &Path, home: &Path) -> Result<Option<Self>, ProjectFileError> {
        for folder in searched(folder, home) {
            let path = folder.join(FILE_NAME);
            let names = match read(&path) {
                Ok(None) => continue,
                Ok(Some(text)) => ProjectNames::parse(&text),
                Err(reason) => Err(reason),
            };
            return match names {
                Ok(names) => Ok(Some(Self { path, names })),
                Err(reason) => Err(unusable(path, reason)),
            };
        }
        Ok(None)
    }

    /// The saved cluster that it names; never another one.
    pub fn cluster(&self, saved: &ProfileStore) -> Result<Profile, ProjectFileError> {
        match saved.get(self.names.cluster.as_str()) {
            Err(ProfileError::Unknown(_)) => Err(ProjectFileError::UnknownCluster {
                path: self.path.clone(),
                cluster: self.names.cluster.clone(),
            }),
            other => Ok(other?),
        }
    }

    /// Writes it; over one that is there only if that is to be `replaced`.
    pub fn write(&self, replaced: bool) -> Result<(), ProjectFileError> {
        let path = self.path.clone();
        if !replaced && fs::symlink_metadata(&path).is_ok() {
            return Err(ProjectFileError::Taken { path });
        }
        let text = toml::to_string(&self.names).map_err(|error| error.to_string());
        let written = text.and_then(|text| {
            let text = format!("{HEAD}{text}");
            files::replace(&path, text.as_bytes()).map_err(|error| error.kind().to_string())
        });
        written.map_err(|reason| ProjectFileError::Unwritten { path, reason })
    }

    /// Its place, as it is told.
    pub fn place(&self) -> String {
        config::without_home(&self.path.display().to_string())
    }
}

fn unusable(path: PathBuf, reason: String) -> ProjectFileError {
    ProjectFileError::Unusable { path, reason }
}

/// The folders that are looked in. Where neither a repository nor the home is above, it is the folder alone: who may write further up, to `/tmp`
/// for one, has no say.
fn searched<'a>(folder: &'a Path, home: &Path) -> impl Iterator<Item = &'a Path> + use<'a> {
    let home = fs::canonicalize(home).unwrap_or_else(|_| home.to_owned());
    let is_home = |one: &Path| fs::canonicalize(one).is_ok_and(|one| one == home);
    let top = folder
        .ancestors()
        .position(|one| one.join(".git").exists() || is_home(one));
    folder.ancestors().take(top.unwrap_or(0) + 1)
}

/// The file's text; none where there is no file, and the reason where it cannot be read.
fn read(path: &Path) -> Result<Option<String>, String> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.kind().to_string()),
    };
    if !metadata.is_file() {
        return Err("it is no file".to_owned());
    }
    if metadata.len() > LONGEST {
        return Err(format!("it has more than {} KiB", LONGEST / 1024));
    }
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
        .map_err(|error| error.kind().to_string())?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Address;

    fn names(text: &str) -> ProjectNames {
        ProjectNames::parse(text).unwrap()
    }

    /// FR-API-03: a project's file comes back as it was written, is not written over unasked, and is told in words.
    #[test]
    fn a_project_file_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let whole = names(
            "cluster = 'prod'\nteam = 'Ops'\nproject = 'Shop'\nenvironment = 'staging'\napplication = 'web'",
        );
        assert_eq!(
            whole.application_in_words().as_deref(),
            Some("“web” of Shop/staging")
        );
        let file = ProjectFile {
            path: folder.path().join(FILE_NAME),
            names: whole,
        };
        file.write(false).unwrap();
        assert_eq!(
            ProjectFile::find(folder.path(), folder.path()).unwrap(),
            Some(file.clone())
        );
        let other = ProjectFile {
            names: names("cluster = 'home'"),
            ..file.clone()
        };
        assert!(matches!(other.write(false), Err(ProjectFileError::Taken { .. })));
        other.write(true).unwrap();
        assert_eq!(
            ProjectFile::find(folder.path(), folder.path()).unwrap(),
            Some(other)
        );
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left over"
        );
    }

    /// FR-API-03, NFR-U2: what is no project's file is refused with the line and the reason, and a secret has no place in it.
    #[test]
    fn what_a_project_file_does_not_know_is_refused() {
        for (text, words) in [
            (
                "cluster = 'prod'\ntoken = 'hidden'",
                "line 2: unknown field `token`",
            ),
            ("application = 'web'", "missing field `cluster`"),
            (
                "cluster = 'prod'\napplication = 'Not A Name'",
                "The application name",
            ),
            ("cluster = '-oProxyCommand=x'", "must not start with"),
            ("cluster = 'prod'\nenvironment = 'staging'", "without its project"),
            ("cluster = [", "line 1"),
        ] {
            let reason = ProjectNames::parse(text).unwrap_err();
            assert!(reason.contains(words) && !reason.contains("hidden"), "{reason}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        File::create(&path).unwrap().set_len(LONGEST + 1).unwrap();
        let refused = ProjectFile::find(folder.path(), folder.path()).unwrap_err();
        assert!(refused.to_string().contains("more than 16 KiB"), "{refused}");
    }

    /// FR-API-03: the nearest file counts, up to the repository's root or the home, and none of further up.
    #[test]
    fn a_project_file_is_found_upwards() {
        let top = tempfile::tempdir().unwrap();
        let folder = |path: &str| {
            let folder = top.path().join(path);
            fs::create_dir_all(&folder).unwrap();
            folder
        };
        let write = |folder: &Path, cluster: &str| {
            fs::write(folder.join(FILE_NAME), format!("cluster = '{cluster}'")).unwrap();
        };
        let home = folder("home");
        let found = |path: &str| {
            let file = ProjectFile::find(&folder(path), &home).unwrap();
            file.map(|file| file.names.cluster.to_string())
        };
        folder("home/repo/.git");
        write(top.path(), "further-up");
        write(&home, "of-home");
        assert_eq!(found("home/plain/sub").as_deref(), Some("of-home"));
        assert_eq!(found("home/repo/sub"), None, "the repository's root is the last");
        write(&folder("home/repo"), "of-the-root");
        write(&folder("home/repo/sub"), "of-sub");
        assert_eq!(found("home/repo/sub/deep").as_deref(), Some("of-sub"));
        assert_eq!(found("home/repo/other").as_deref(), Some("of-the-root"));
        assert_eq!(found("elsewhere"), None);
        write(&folder("elsewhere"), "own");
        assert_eq!(found("elsewhere").as_deref(), Some("own"));
    }

    /// FR-CON-01, NFR-U2: a name that no saved cluster has is an error, also where there is one cluster only.
    #[test]
    fn an_unknown_cluster_is_no_other_one() {
        let folder = tempfile::tempdir().unwrap();
        let saved = ProfileStore::in_folder(folder.path());
        let socket = PathBuf::from("/run/a.sock");
        let only = Profile::new("home", Address::Local { socket }).unwrap();
        saved.add(only.clone()).unwrap();
        let file = |cluster: &str| ProjectFile {
            path: PathBuf::from(FILE_NAME),
            names: names(&format!("cluster = '{cluster}'")),
        };
        assert_eq!(file("home").cluster(&saved).unwrap(), only);
        let refused = file("prod").cluster(&saved).unwrap_err().to_string();
        assert!(
            refused.contains("“prod”") && refused.contains("slipway cluster add"),
            "{refused}"
        );
    }
}
