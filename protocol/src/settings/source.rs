//! Where an application comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::{GitRef, GitUrl};
use crate::{ImageReference, RelativePath};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// A git repository; a deployment pins the commit.
    Git(GitSource),
    /// An image of a registry; a deployment pins its digest.
    Image(ImageSource),
    /// What was sent last through the tunnel; a deployment pins its digest.
    Upload(UploadSource),
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct GitSource {
    pub url: GitUrl,
    /// Branch, tag or commit.
    #[serde(rename = "ref")]
    pub reference: GitRef,
    /// The folder of the repository that is built; `.` for all of it.
    #[serde(default = "all_of_it")]
    pub folder: RelativePath,
    /// Check out submodules too. Their addresses obey the same rules as the repository's own.
    #[serde(default)]
    pub submodules: bool,
    /// Fetch files kept in Git LFS.
    #[serde(default)]
    pub lfs: bool,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ImageSource {
    pub image: ImageReference,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct UploadSource {
    /// The folder of the upload that is built; `.` for all of it.
    #[serde(default = "all_of_it")]
    pub folder: RelativePath,
}

impl Source {
    /// The folder that is built; an image needs none.
    pub fn folder(&self) -> Option<&RelativePath> {
        match self {
            Self::Git(git) => Some(&git.folder),
            Self::Upload(upload) => Some(&upload.folder),
            Self::Image(_) => None,
        }
    }

    pub fn git(&self) -> Option<&GitSource> {
        match self {
            Self::Git(git) => Some(git),
            Self::Image(_) | Self::Upload(_) => None,
        }
    }

    pub fn git_mut(&mut self) -> Option<&mut GitSource> {
        match self {
            Self::Git(git) => Some(git),
            Self::Image(_) | Self::Upload(_) => None,
        }
    }
}

fn all_of_it() -> RelativePath {
    RelativePath::here()
}
