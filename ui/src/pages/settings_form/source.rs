//! Where an application comes from.

use slipway_protocol::git::{GitRef, GitUrl};
use slipway_protocol::settings::{GitSource, ImageSource, Source, UploadSource};
use slipway_protocol::{ImageReference, RelativePath};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;

const KIND: &str = "app-source";
pub const GIT_URL: &str = "app-git-url";
const BRANCH: &str = "app-branch";
const FOLDER: &str = "app-folder";
const SUBMODULES: &str = "app-submodules";
const LFS: &str = "app-lfs";
pub const IMAGE: &str = "app-image";
pub const FIELDS: &[&str] = &[KIND, GIT_URL, BRANCH, FOLDER, SUBMODULES, LFS, IMAGE];

const GIT: &str = "git";
const IS_IMAGE: &str = "image";
const UPLOAD: &str = "upload";

pub fn fill(draft: &mut Draft, source: Option<&Source>) {
    draft.put(KIND, GIT);
    draft.put(BRANCH, "main");
    draft.put(FOLDER, ".");
    match source {
        None => {}
        Some(Source::Git(git)) => {
            draft.put(GIT_URL, git.url.as_str());
            draft.put(BRANCH, git.reference.as_str());
            draft.put(FOLDER, git.folder.as_str());
            draft.put_flag(SUBMODULES, git.submodules);
            draft.put_flag(LFS, git.lfs);
        }
        Some(Source::Image(image)) => {
            draft.put(KIND, IS_IMAGE);
            draft.put(IMAGE, image.image.as_str());
        }
        Some(Source::Upload(upload)) => {
            draft.put(KIND, UPLOAD);
            draft.put(FOLDER, upload.folder.as_str());
        }
    }
}

pub fn read(reader: &mut Reader<'_>) -> Option<Source> {
    match reader.text(KIND) {
        IS_IMAGE => {
            let image = reader.required(IMAGE, ImageReference::parse)?;
            Some(Source::Image(ImageSource { image }))
        }
        UPLOAD => {
            let folder = reader.required(FOLDER, RelativePath::parse)?;
            Some(Source::Upload(UploadSource { folder }))
        }
        _ => {
            // All of them are read, so that each says what is wrong with it.
            let url = reader.required(GIT_URL, GitUrl::parse);
            let reference = reader.required(BRANCH, GitRef::parse);
            let folder = reader.required(FOLDER, RelativePath::parse);
            Some(Source::Git(GitSource {
                url: url?,
                reference: reference?,
                folder: folder?,
                submodules: reader.flag(SUBMODULES),
                lfs: reader.flag(LFS),
            }))
        }
    }
}

/// It takes an image of a registry as it is.
pub fn is_image(form: &Form) -> bool {
    form.choice(KIND) == IS_IMAGE
}

/// The repository that the server itself holds, or reaches under its own loopback address.
pub fn on_the_server(draft: &Draft) -> Option<GitUrl> {
    if matches!(draft.text(KIND), IS_IMAGE | UPLOAD) {
        return None;
    }
    let url = GitUrl::parse(draft.text(GIT_URL).trim()).ok()?;
    url.is_on_the_server().then_some(url)
}

/// The first field that is shown of the kind that is chosen.
pub fn address_field(draft: &Draft) -> &'static str {
    match draft.text(KIND) {
        IS_IMAGE => IMAGE,
        UPLOAD => FOLDER,
        _ => GIT_URL,
    }
}

pub fn view(form: &Form) -> Html {
    let addresses = if form.reaches_node() {
        "https://…, ssh://…, user@host:path, or a path on the server."
    } else {
        "https://…, ssh://… or user@host:path. A repository on the server itself needs the role admin or owner."
    };
    let kinds = [
        (GIT, "Git repository"),
        (IS_IMAGE, "Image of a registry"),
        (UPLOAD, "Upload of a folder"),
    ];
    let of_kind = match form.choice(KIND) {
        IS_IMAGE => html! {
            { form.text_like(IMAGE, "Image", "ghcr.io/shop/web:1.4", "A deployment pins the digest that the tag has then.") }
        },
        UPLOAD => html! {
            <>
                <p class="field-hint">{ "Nothing is fetched. A folder, or an archive of it, is dropped on the application’s page or sent with \
                    “slipway deploy APPLICATION FOLDER”, and a deployment builds what was sent last." }</p>
                { form.text(FOLDER, "Folder", "Below the folder that is sent; “.” is all of it.") }
            </>
        },
        _ => html! {
            <>
                { form.text_like(GIT_URL, "Git address", "https://example.org/shop/web.git", addresses) }
                <div class="form-row even">
                    { form.text(BRANCH, "Branch, tag or commit", "A deployment pins the commit.") }
                    { form.text(FOLDER, "Folder", "“.” is the whole repository.") }
                </div>
                <div class="form-row even">
                    { form.flag(SUBMODULES, "Check out submodules", "") }
                    { form.flag(LFS, "Fetch files of Git LFS", "") }
                </div>
            </>
        },
    };
    html! { <>{ form.segments(KIND, "It comes from a", &kinds) }{ of_kind }</> }
}
