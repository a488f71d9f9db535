//! A repository that is hostile in all that git lets it be, and nothing but a repository.

use std::path::{Path, PathBuf};

use acceptance::git_repo::{GitRepo, echo_binary};

use super::carrier::{command, hex};

/// A folder and a Dockerfile in it, as a repository may name them.
pub const FOLDER: &str = "a $(touch x);`b` é/{{c}}&&d";
pub const DOCKERFILE: &str = "Docker|file;$(id)&'\"%s";
/// The first line of the message of its commit.
pub const COMMIT: &str = "$(touch x) `id` ; --amend {{.Node.ID}} %s \u{202e}";

/// A repository with the application below a hostile folder, and hostile names of files, branches, an author and a commit.
pub async fn repository(texts: &[String]) -> GitRepo {
    let repo = GitRepo::empty().await;
    let folder = repo.path().join(FOLDER);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(echo_binary().await, folder.join("app")).unwrap();
    let mut dockerfile = "FROM scratch\nCOPY . /\n".to_owned();
    let numbers = 0..texts.len();
    numbers
        .clone()
        .for_each(|number| dockerfile.push_str(&format!("ARG A_{number}\n")));
    let has = numbers
        .flat_map(|number| [hex(&texts[number]), format!("A_{number}")])
        .collect();
    dockerfile.push_str(&format!(
        "RUN --mount=type=secret,id=T_0 {}\nENTRYPOINT [\"/app\"]\n",
        command("has", has)
    ));
    std::fs::write(folder.join(DOCKERFILE), dockerfile).unwrap();
    std::fs::write(folder.join("version"), "1").unwrap();
    for text in texts.iter().filter(|text| {
        text.len() < 200 && !text.contains(['/', '\\', ':']) && !text.trim_matches(['.', ' ']).is_empty()
    }) {
        if !text.starts_with(".git") && !text.contains(slipway_protocol::names::is_hidden) {
            std::fs::write(folder.join(text), text).unwrap();
        }
    }
    repo.git(&["add", "--all"]).await;
    let message = format!("{COMMIT}\n\n{}", texts.join("\n"));
    repo.git(&[
        "commit",
        "--quiet",
        "--author=$(touch x) `id` <a;b@example.org>",
        "--message",
        &message,
    ])
    .await;
    let commit = repo.git(&["rev-parse", "HEAD"]).await;
    let packed: Vec<String> = [
        "$(touch${IFS}x)",
        ";id",
        "|id",
        "`id`",
        "&&id",
        "--upload-pack=id",
        "-oProxyCommand=id",
        "'\"",
        "{a,b}",
        "%s",
    ]
    .iter()
    .map(|name| format!("{commit} refs/heads/{name}\n{commit} refs/tags/{name}\n"))
    .collect();
    std::fs::write(repo.path().join(".git/packed-refs"), packed.concat()).unwrap();
    repo
}

/// Mode, owner and length of everything below a folder, and of files of the server that nobody here may touch.
pub fn state(folder: &Path) -> Vec<(PathBuf, u32, u32, u32, u64)> {
    use std::os::unix::fs::MetadataExt;
    let mut waiting = vec![
        folder.to_owned(),
        "/etc/passwd".into(),
        "/etc/shadow".into(),
        "/etc/hosts".into(),
    ];
    let mut state = Vec::new();
    while let Some(path) = waiting.pop() {
        let Ok(meta) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        if meta.is_dir() {
            waiting.extend(
                std::fs::read_dir(&path)
                    .into_iter()
                    .flatten()
                    .flatten()
                    .map(|entry| entry.path()),
            );
        }
        state.push((path, meta.mode(), meta.uid(), meta.gid(), meta.len()));
    }
    state.sort();
    state
}
