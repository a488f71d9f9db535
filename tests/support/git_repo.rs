//! Repositories of applications, made with the machine's own git.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use crate::environment;
use crate::process::Start;
use crate::wait;

/// The static application of `tests/apps/echo`: its Dockerfile starts from scratch.
const ECHO_DOCKERFILE: &str = "FROM scratch\nCOPY app version mode /\nENTRYPOINT [\"/app\"]\n";
const LIMIT: Duration = Duration::from_secs(180);

/// A repository in a folder of its own that everybody may read, as a git server's would be.
pub struct GitRepo {
    folder: TempDir,
}

impl GitRepo {
    /// An empty repository with the branch `main`.
    pub async fn empty() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-git-")
            .tempdir()
            .expect("a folder");
        readable(folder.path());
        let repo = Self { folder };
        repo.git(&["init", "--quiet", "--initial-branch=main"]).await;
        // The application is a program: packing it again for each deployment of each test would take as long as building it.
        repo.git(&["config", "core.compression", "0"]).await;
        repo
    }

    /// The static application, at this version.
    pub async fn echo(version: &str) -> Self {
        let repo = Self::empty().await;
        fs::copy(echo_binary().await, repo.path().join("app")).expect("the application");
        repo.write("Dockerfile", ECHO_DOCKERFILE);
        repo.write("mode", "");
        repo.echo_version(version).await;
        repo
    }

    /// A folder of `tests/apps` as its own repository.
    pub async fn of_folder(name: &str) -> Self {
        let repo = Self::empty().await;
        let from = environment::crate_folder().join("apps").join(name);
        for entry in fs::read_dir(from).expect("the application's folder").flatten() {
            fs::copy(entry.path(), repo.path().join(entry.file_name())).expect("its file");
        }
        repo.commit(&format!("{name}: first version")).await;
        repo
    }

    /// Commits a working Dockerfile and another version.
    pub async fn echo_version(&self, version: &str) -> String {
        self.write("Dockerfile", ECHO_DOCKERFILE);
        self.write("mode", "");
        self.write("version", version);
        self.commit(&format!("Version {version}")).await
    }

    /// Commits a version that misbehaves; the modes stand in `tests/apps/echo`.
    pub async fn echo_mode(&self, version: &str, mode: &str) -> String {
        self.write("mode", mode);
        self.write("version", version);
        self.commit(&format!("Version {version}, {mode}")).await
    }

    /// Commits a version whose build prints this many lines, with a pause after each.
    pub async fn echo_with_long_build(&self, version: &str, lines: u32, pause: u32) -> String {
        // Something new in its environment: the build must run, whatever an earlier test has left in the engine's cache.
        let nonce = wait::unique("nonce-");
        let count = format!("ENV NONCE={nonce}\nRUN [\"/app\", \"count\", \"{lines}\", \"{pause}\"]\n");
        self.write(
            "Dockerfile",
            &ECHO_DOCKERFILE.replace("ENTRYPOINT", &format!("{count}ENTRYPOINT")),
        );
        self.write("version", version);
        self.commit(&format!("Version {version}, slowly")).await
    }

    /// Commits another Dockerfile.
    pub async fn dockerfile(&self, text: &str) -> String {
        self.write("Dockerfile", text);
        self.commit("Another Dockerfile").await
    }

    /// Commits a Dockerfile that cannot be built.
    pub async fn break_dockerfile(&self) -> String {
        self.write("Dockerfile", "FROM scratch\nCOPY no-such-file /\n");
        self.commit("A broken Dockerfile").await
    }

    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.path().join(name), content).expect("a file of the repository");
    }

    /// Commits everything and gives the full hash.
    pub async fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]).await;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message])
            .await;
        self.git(&["rev-parse", "HEAD"]).await
    }

    /// A submodule of that name at a path, as it is at a commit of the repository at `url`. It is not committed yet.
    pub async fn add_submodule(&self, name: &str, path: &str, url: &str, commit: &str) {
        let module = format!("[submodule \"{name}\"]\n\tpath = {path}\n\turl = {url}\n");
        self.write(".gitmodules", &module);
        self.git(&["add", ".gitmodules"]).await;
        let link = format!("160000,{commit},{path}");
        self.git(&["update-index", "--add", "--cacheinfo", &link]).await;
    }

    pub async fn git(&self, args: &[&str]) -> String {
        let identity = [
            "-c",
            "user.name=Ada Tester",
            "-c",
            "user.email=ada@example.org",
            "-c",
            "commit.gpgsign=false",
        ];
        Start::new("git")
            .args(identity)
            .args(args.iter().copied())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .dir(self.path())
            .ok(LIMIT)
            .await
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// As an application's settings name it: a path on the server.
    pub fn url(&self) -> String {
        self.path().display().to_string()
    }
}

/// The built application, compiled once for each state of its source.
pub async fn echo_binary() -> PathBuf {
    static LOCK: OnceLock<tokio::sync::Mutex<()>> = OnceLock::new();
    let _one_at_a_time = LOCK.get_or_init(Default::default).lock().await;
    let source = environment::crate_folder().join("apps/echo");
    let folder = crate::environment::cache().join("test-apps");
    // Other clones keep theirs in the same folder.
    let built = folder.join(format!("echo-{:016x}", digest_of(&source)));
    if built.exists() {
        return built;
    }
    fs::create_dir_all(&folder).expect("the cache");
    // Renamed when it is whole: other runs may look at the same time.
    let fresh = folder.join(wait::unique("fresh-"));
    Start::new("rustc")
        .args([
            "--edition=2021",
            "-O",
            "-Ctarget-feature=+crt-static",
            "-Cstrip=symbols",
            "-Cpanic=abort",
            "-o",
        ])
        .arg(&fresh)
        .arg(source.join("main.rs"))
        .ok(Duration::from_secs(600))
        .await;
    fs::rename(&fresh, &built).expect("the application in its place");
    built
}

/// A number that is another when a file of the folder is.
fn digest_of(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).expect("the source");
    let mut files: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut digest = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut digest);
        fs::read(&file).expect("a file of the source").hash(&mut digest);
    }
    digest.finish()
}

fn readable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("the folder's mode");
}
