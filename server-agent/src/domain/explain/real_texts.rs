//! Texts as they were really written: by git, ssh, BuildKit, Docker, package managers, compilers and runtimes.

use std::net::SocketAddr;

use slipway_protocol::deployment::Step;

use super::seen::{Answer, Seen};

/// The cause, what fails, what the log ends with, and what was seen.
pub struct Case {
    pub code: &'static str,
    pub step: Step,
    pub failure: String,
    pub log: &'static str,
    pub seen: Seen,
}

/// The application's port in all of these.
pub const PORT: u16 = 8080;

pub fn all() -> Vec<Case> {
    let plain = |step: Step| {
        move |(code, failure, log): &(&'static str, &'static str, &'static str)| Case {
            code,
            step,
            failure: (*failure).to_owned(),
            log,
            seen: Seen::default(),
        }
    };
    let mut cases: Vec<Case> = SOURCE.iter().map(plain(Step::Source)).collect();
    cases.extend(BUILD.iter().map(plain(Step::Build)));
    cases.extend(RUN.iter().map(|(code, exit, log)| Case {
        code,
        step: Step::Build,
        failure: format!(
            "the build failed: process \"/bin/sh -c the command\" did not complete successfully: exit \
             code: {exit}"
        ),
        log,
        seen: Seen::default(),
    }));
    cases.extend(
        HOST.iter()
            .map(|(step, code, failure)| plain(*step)(&(code, failure, ""))),
    );
    cases.extend(ENDED.iter().map(|(code, exit, log)| Case {
        code,
        step: Step::Gate,
        failure: format!("the container keeps ending with exit code {exit}; its last lines are in the log"),
        log,
        seen: Seen {
            exit_code: Some(*exit),
            ..Seen::default()
        },
    }));
    cases.extend(REFUSED.iter().map(|(code, said)| Case {
        code,
        step: Step::Gate,
        failure: format!("Docker refused to start the container: {said}"),
        log: "",
        seen: Seen {
            docker_says: (*said).to_owned(),
            ..Seen::default()
        },
    }));
    cases.extend(ANSWERED.iter().map(|(code, answer, listeners, log)| Case {
        code,
        step: Step::Gate,
        failure: format!("the new release runs, but on port {PORT} {answer} after 120 s"),
        log,
        seen: Seen {
            answer: Some(*answer),
            listeners: listeners.map(|all| all.iter().map(|at| at.parse::<SocketAddr>().unwrap()).collect()),
            ..Seen::default()
        },
    }));
    cases.push(Case {
        code: "other-port-exposed",
        step: Step::Gate,
        failure: format!("the new release runs, but on port {PORT} nothing accepts connections after 120 s"),
        log: "hello",
        seen: Seen {
            answer: Some(Answer::Refused),
            exposed: vec![3000],
            ..Seen::default()
        },
    });
    cases.push(Case {
        code: "health-command-fails",
        step: Step::Gate,
        failure: "the container does not stay up: task: non-zero exit (137): dockerexec: unhealthy container"
            .to_owned(),
        log: "Listening on 8080",
        seen: Seen {
            exit_code: Some(137),
            ..Seen::default()
        },
    });
    cases.push(Case {
        code: "health-command-fails",
        step: Step::Gate,
        failure: "the container ended by itself (exit code 0); its command must keep running".to_owned(),
        log: "Listening on 8080",
        seen: Seen {
            exit_code: Some(0),
            failing_check: Some("OCI runtime exec failed: exec failed: unable to start container process: exec: \"/curl\": stat /curl: no such file or directory: unknown".to_owned()),
            ..Seen::default()
        },
    });
    cases.push(Case {
        code: "out-of-memory",
        step: Step::Gate,
        failure: "the container was killed (exit code 137), most likely because it ran out of memory"
            .to_owned(),
        log: "Loading the model",
        seen: Seen {
            exit_code: Some(137),
            out_of_memory: Some(true),
            ..Seen::default()
        },
    });
    cases
}

const SOURCE: &[(&str, &str, &str)] = &[
    (
        "git-host-key-changed",
        "git failed on git@git.example.org:a/b.git: and the repository exists.",
        "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nIT IS POSSIBLE THAT SOMEONE IS DOING \
         SOMETHING NASTY!\nHost key for git.example.org has changed and you have requested strict \
         checking.\nHost key verification failed.\nfatal: Could not read from remote repository.",
    ),
    (
        "git-host-key-unknown",
        "git failed on git@git.example.org:a/b.git: and the repository exists.",
        "No ED25519 host key is known for git.example.org and you have requested strict checking.\nHost \
         key verification failed.\nfatal: Could not read from remote repository.",
    ),
    (
        "git-host-not-resolved",
        "the server of https://nohost.invalid/a.git could not be reached; check the address and the network",
        "fatal: unable to access 'https://nohost.invalid/a.git/': Could not resolve host: nohost.invalid",
    ),
    (
        "git-host-not-resolved",
        "the server of ssh://git@nohost.invalid/a.git could not be reached; check the address and the \
         network",
        "ssh: Could not resolve hostname nohost.invalid: Name or service not known\nfatal: Could not read \
         from remote repository.",
    ),
    (
        "git-certificate",
        "git failed on https://git.example.org/a.git: it gave no reason",
        "fatal: unable to access 'https://git.example.org/a.git/': server certificate verification failed. \
         CAfile: none CRLfile: none",
    ),
    (
        "git-certificate",
        "git failed on https://git.example.org/a.git: it gave no reason",
        "fatal: unable to access 'https://git.example.org/a.git/': SSL certificate problem: self-signed \
         certificate",
    ),
    (
        "git-host-unreachable",
        "the server of http://127.0.0.1:1/a.git could not be reached; check the address and the network",
        "fatal: unable to access 'http://127.0.0.1:1/a.git/': Failed to connect to 127.0.0.1 port 1 after \
         0 ms: Couldn't connect to server",
    ),
    (
        "git-host-unreachable",
        "the server of ssh://git@10.0.0.9/a.git could not be reached; check the address and the network",
        "ssh: connect to host 10.0.0.9 port 22: Connection timed out\nfatal: Could not read from remote \
         repository.",
    ),
    (
        "git-reference-not-found",
        "no-such-branch is no branch, tag or commit of /srv/a.git",
        "fatal: couldn't find remote ref no-such-branch",
    ),
    (
        "git-reference-not-found",
        "1234567890123456789012345678901234567890 is no branch, tag or commit of /srv/a.git",
        "fatal: remote error: upload-pack: not our ref 1234567890123456789012345678901234567890",
    ),
    (
        "git-sign-in-needed",
        "the repository https://github.com/a/private.git was not found or may not be read; check its \
         address and that the server may read it",
        "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
    ),
    (
        "git-sign-in-needed",
        "the repository git@github.com:a/b.git was not found or may not be read; check its address and \
         that the server may read it",
        "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
    ),
    (
        "git-repository-not-found",
        "the repository https://gitlab.com/a/none.git was not found or may not be read; check its address \
         and that the server may read it",
        "remote: The project you were looking for could not be found or you don't have permission to view \
         it.\nfatal: repository 'https://gitlab.com/a/none.git/' not found",
    ),
    (
        "git-repository-not-found",
        "the repository /nowhere.git was not found or may not be read; check its address and that the \
         server may read it",
        "fatal: '/nowhere.git' does not appear to be a git repository\nfatal: Could not read from remote \
         repository.",
    ),
    (
        "git-repository-refused",
        "the repository /srv/app.git was refused: its file .gitmodules gives a submodule the address \
         “--upload-pack=x”, which is none; correct it there and deploy again",
        "error: object 1c9eff6f97bf100eeca98844aa90d3db498529a1: gitmodulesUrl: disallowed submodule url: \
         --upload-pack=x\nfatal: fsck error in packed object\nfatal: index-pack failed",
    ),
    (
        "git-repository-damaged",
        "git failed on https://example.org/old.git: fatal: fetch-pack: invalid index-pack output",
        "error: object 4b825dc642cb6eb9a060e54bf8d69288fbee4904: zeroPaddedFilemode: contains zero-padded \
         file modes\nfatal: fsck error in packed object\nfatal: fetch-pack: invalid index-pack output",
    ),
    (
        "git-too-slow",
        "git did not finish within 300 s and was stopped",
        "",
    ),
];

const BUILD: &[(&str, &str, &str)] = &[
    (
        "folder-not-found",
        "the repository has no folder services/api at this commit; check the application's settings",
        "",
    ),
    (
        "dockerfile-not-found",
        "the repository has no Dockerfile Dockerfile.prod at this commit; check the application's settings",
        "",
    ),
    (
        "nothing-recognised",
        "nothing in the folder says how to build it: there is no Dockerfile, and no file of a language or framework that is \
         known here",
        "",
    ),
    (
        "start-not-found",
        "the folder is an application in Python (requirements.txt), but nothing says how it starts; add a Procfile with a \
         line like web: gunicorn example:app",
        "",
    ),
    (
        "index-not-found",
        "the folder has no index.html at its top, so there is nothing to serve as a site; set the folder to publish in the \
         application's settings",
        "",
    ),
    (
        "build-secret-missing",
        "the build wants the variable NPM_TOKEN as a secret, and the application has none of that name; set it, or take it \
         out of the build's secrets",
        "",
    ),
    (
        "builder-not-installed",
        "nixpacks is not installed on the server; install it into /usr/local/bin there (nixpacks.com/docs/install), or \
         choose another way to build in the application's settings",
        "",
    ),
    (
        "dockerfile-not-found",
        "the build failed: failed to solve with frontend dockerfile.v0: failed to read dockerfile: open \
         /var/lib/docker/tmp/buildkit-mount471/Dockerfile: no such file or directory",
        "[internal] load build definition from Dockerfile",
    ),
    (
        "dockerfile-syntax",
        "the build failed: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN \
         (did you mean RUN?)",
        "",
    ),
    (
        "dockerfile-syntax",
        "the build failed: failed to solve with frontend dockerfile.v0: failed to create LLB definition: \
         dockerfile parse error line 2: unknown instruction: RUNN",
        "",
    ),
    (
        "dockerfile-empty",
        "the build failed: the Dockerfile cannot be empty",
        "",
    ),
    (
        "dockerfile-empty",
        "the build failed: failed to solve: no build stage in current context",
        "",
    ),
    (
        "dockerfile-unknown-flag",
        "the build failed: dockerfile: line 4: unknown flag: --chmodd",
        "",
    ),
    (
        "base-image-name",
        "the build failed: failed to parse stage name \"node:\": invalid reference format",
        "",
    ),
    (
        "base-image-name",
        "the build failed: failed to solve: base name (${BASE}) should not be blank",
        "",
    ),
    (
        "copy-source-not-found",
        "the build failed: failed to compute cache key: failed to calculate checksum of ref \
         7rwf5y97vt3qxjefart17zyuq::46riyywj6v8fif7dfjs5vd0es: \"/deployment\": not found",
        "[ 7/12] ADD map /opt/map (cached)",
    ),
    (
        "copy-source-not-found",
        "the build failed: failed to compute cache key: \"/no-such-file\" not found",
        "",
    ),
    (
        "copy-source-not-found",
        "the build failed: failed to compute cache key: failed to calculate checksum of ref sskf::rf06: \
         failed to walk /tmp/buildkit-mount3059587245/config: lstat /tmp/buildkit-mount3059587245/config: \
         no such file or directory",
        "",
    ),
    (
        "build-too-slow",
        "the build took longer than 1800 s and was stopped",
        "[4/5] RUN ./wait-for-ever",
    ),
    (
        "image-rate-limit",
        "the registry docker.io hands out no more images for now; wait, or store a sign-in for it (it said: \
         toomanyrequests: You have reached your unauthenticated pull rate limit)",
        "",
    ),
    (
        "image-sign-in",
        "the registry 127.0.0.1:5000 does not hand out 127.0.0.1:5000/shop/web:1 without a sign-in, or refuses the one \
         that is stored; check “slipway registry list” (it said: Head \"http://127.0.0.1:5000/v2/shop/web/manifests/1\": \
         no basic auth credentials)",
        "",
    ),
    (
        "image-sign-in",
        "the registry ghcr.io does not let this sign-in have ghcr.io/shop/web:1, or does not have it at all; check the name and \
         the sign-in (it said: errors: denied: requested access to the resource is denied)",
        "",
    ),
    (
        "image-not-found",
        "the registry 127.0.0.1:5000 has no image 127.0.0.1:5000/shop/none:1; check its name and its tag (it said: \
         manifest unknown: manifest unknown)",
        "",
    ),
    (
        "image-registry-unreachable",
        "the registry 127.0.0.1:1 could not be reached; check the image's name and the network of the server (it said: \
         Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused)",
        "",
    ),
    (
        "registry-rate-limit",
        "the build failed: docker.io/library/node:20: failed to resolve source metadata for \
         docker.io/library/node:20: failed to copy: httpReadSeeker: failed open: unexpected status code \
         https://registry-1.docker.io/v2/library/node/manifests/sha256:1: 429 Too Many Requests - Server \
         message: toomanyrequests: You have reached your unauthenticated pull rate limit.",
        "",
    ),
    (
        "registry-certificate",
        "the build failed: failed to do request: Head \"https://registry.example.org/v2/x/manifests/1\": \
         tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "",
    ),
    (
        "registry-certificate",
        "the build failed: failed to do request: Head \"https://10.0.0.5:5000/v2/x/manifests/1\": http: \
         server gave HTTP response to HTTPS client",
        "",
    ),
    (
        "registry-unreachable",
        "the build failed: localhost:1/x:latest: failed to resolve source metadata for \
         localhost:1/x:latest: failed to do request: Head \"http://localhost:1/v2/x/manifests/latest\": \
         dial tcp 127.0.0.1:1: connect: connection refused",
        "[internal] load metadata for localhost:1/x:latest",
    ),
    (
        "registry-unreachable",
        "the build failed: failed to solve with frontend dockerfile.v0: failed to create LLB definition: \
         failed to do request: Head https://registry.invalid/v2/x/manifests/latest: dial tcp: lookup \
         registry.invalid on 127.0.0.53:53: no such host",
        "",
    ),
    (
        "base-image-platform",
        "the build failed: example/tool:1: failed to resolve source metadata for docker.io/example/tool:1: \
         no match for platform in manifest: not found",
        "",
    ),
    (
        "base-image-denied",
        "the build failed: nodee:20: failed to resolve source metadata for docker.io/library/nodee:20: \
         pull access denied, repository does not exist or may require authorization: server message: \
         insufficient_scope: authorization failed",
        "",
    ),
    (
        "base-image-not-found",
        "the build failed: docker.io/library/alpine:3.99: not found",
        "",
    ),
    (
        "base-image-not-found",
        "the build failed: failed to solve with frontend dockerfile.v0: failed to create LLB definition: \
         docker.io/library/alpine:3.99: not found",
        "",
    ),
    (
        "build-command-failed",
        "the build failed: process \"/bin/sh -c ./test.sh\" did not complete successfully: exit code: 2",
        "3 of 40 checks are red",
    ),
    (
        "build-command-failed",
        "the build failed: executor failed running [/bin/sh -c ./test.sh]: exit code: 1",
        "",
    ),
    (
        "build-wrong-architecture",
        "the build failed: executor failed running [/foreign]: exit code: 1",
        "exec /foreign: exec format error",
    ),
];

/// Of a RUN: the cause, the exit code, what it wrote.
const RUN: &[(&str, i64, &str)] = &[
    ("build-wrong-architecture", 1, "exec /bin/sh: exec format error"),
    (
        "build-out-of-memory",
        137,
        "Creating an optimized production build ...",
    ),
    (
        "build-out-of-memory",
        134,
        "<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out \
         of memory",
    ),
    (
        "build-out-of-memory",
        101,
        "error: could not compile `syn` (lib)\nCaused by:\n  process didn't exit successfully: `rustc \
         --crate-name syn` (signal: 9, SIGKILL: kill)",
    ),
    (
        "build-line-endings",
        127,
        "env: ‘bash\\r’: No such file or directory",
    ),
    (
        "build-line-endings",
        127,
        "./gradlew: line 2: $'\\r': command not found",
    ),
    (
        "lock-file-out-of-date",
        1,
        "npm error code EUSAGE\nnpm error\nnpm error `npm ci` can only install packages when your \
         package.json and package-lock.json or npm-shrinkwrap.json are in sync. Please update your lock \
         file with `npm install` before continuing.\nnpm error Missing: left-pad@1.3.0 from lock file",
    ),
    (
        "lock-file-out-of-date",
        1,
        " ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with \"frozen-lockfile\" because pnpm-lock.yaml is \
         not up to date with package.json",
    ),
    (
        "lock-file-out-of-date",
        1,
        "error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.",
    ),
    (
        "lock-file-out-of-date",
        101,
        "error: the lock file /src/Cargo.lock needs to be updated but --locked was passed to prevent this",
    ),
    (
        "lock-file-missing",
        1,
        "npm error The `npm ci` command can only install with an existing package-lock.json or\nnpm error \
         npm-shrinkwrap.json with lockfileVersion >= 1.",
    ),
    (
        "dependency-conflict",
        1,
        "npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\nnpm error Could \
         not resolve dependency:",
    ),
    (
        "build-network",
        100,
        "Err:1 http://deb.debian.org/debian bookworm InRelease\n  Temporary failure resolving \
         'deb.debian.org'\nE: Unable to locate package curl",
    ),
    (
        "build-network",
        1,
        "npm error code EAI_AGAIN\nnpm error request to https://registry.npmjs.org/is-odd failed, reason: \
         getaddrinfo EAI_AGAIN registry.npmjs.org",
    ),
    (
        "package-not-found",
        1,
        "npm error code E404\nnpm error 404 Not Found - GET https://registry.npmjs.org/left-padd - Not \
         found\nnpm error 404  'left-padd@*' is not in this registry.",
    ),
    (
        "package-not-found",
        1,
        "ERROR: Could not find a version that satisfies the requirement flaskk==3.0 (from versions: \
         none)\nERROR: No matching distribution found for flaskk==3.0",
    ),
    (
        "package-not-found",
        1,
        "npm error code ETARGET\nnpm error notarget No matching version found for left-pad@9.9.9.",
    ),
    (
        "system-package-not-found",
        100,
        "Reading package lists...\nE: Unable to locate package libfoo-dev",
    ),
    (
        "system-package-not-found",
        1,
        "ERROR: unable to select packages:\n  libfoo (no such package):\n    required by: world[libfoo]",
    ),
    (
        "build-access-denied",
        1,
        "npm error code E401\nnpm error 401 Unauthorized - GET https://npm.pkg.github.com/@acme%2flib - \
         authentication token not provided",
    ),
    (
        "build-access-denied",
        128,
        "fatal: could not read Username for 'https://github.com': No such device or address",
    ),
    (
        "runtime-version",
        1,
        "error next@15.0.0: The engine \"node\" is incompatible with this module. Expected version \
         \">=18.18.0\". Got \"16.20.2\"",
    ),
    (
        "runtime-version",
        1,
        "go: go.mod requires go >= 1.23 (running go 1.21.3; GOTOOLCHAIN=local)",
    ),
    (
        "runtime-version",
        1,
        "Error: error:0308010C:digital envelope routines::unsupported",
    ),
    (
        "project-file-missing",
        254,
        "npm error code ENOENT\nnpm error enoent Could not read package.json: Error: ENOENT: no such file \
         or directory, open '/app/package.json'",
    ),
    (
        "project-file-missing",
        1,
        "ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'",
    ),
    (
        "build-script-missing",
        1,
        "npm error Missing script: \"build\"\nnpm error\nnpm error To see a list of scripts, run:",
    ),
    (
        "build-variable-missing",
        1,
        "Error: Environment variable STRIPE_KEY is not set\n    at Object.<anonymous> \
         (/app/next.config.js:4:9)",
    ),
    ("build-command-not-found", 127, "/bin/sh: 1: make: not found"),
    (
        "build-command-not-found",
        127,
        "> shop@1.0.0 build\n> vite build\n\nsh: vite: not found",
    ),
    (
        "build-not-executable",
        126,
        "/bin/sh: 1: ./build.sh: Permission denied",
    ),
    (
        "build-module-not-found",
        1,
        "Failed to compile.\n\n./src/app/page.tsx\nModule not found: Error: Can't resolve \
         '@/components/Header' in '/app/src/app'",
    ),
    (
        "compile-error",
        2,
        "src/index.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.",
    ),
    (
        "compile-error",
        101,
        "error[E0425]: cannot find value `x` in this scope\nerror: could not compile `shop` (bin \"shop\") \
         due to 1 previous error",
    ),
    (
        "compile-error",
        1,
        "# example.org/shop\n./main.go:7:2: undefined: handlr",
    ),
    (
        "compile-error",
        2,
        "main.c:3:5: error: expected ';' before '}' token\nmake: *** [Makefile:2: main.o] Error 1",
    ),
    (
        "compile-error",
        1,
        "[ERROR] COMPILATION ERROR :\n[ERROR] /src/A.java:[3,9] cannot find symbol",
    ),
];

const HOST: &[(Step, &str, &str)] = &[
    (
        Step::Source,
        "disk-full",
        "the disk of the server is full; free some space and deploy again",
    ),
    (
        Step::Build,
        "disk-full",
        "the build failed: write /var/lib/docker/x: no space left on device",
    ),
    (
        Step::Build,
        "build-node-away",
        "the build node does not answer; see that Docker runs there and that this server reaches it (`slipway-agent doctor` tries it), or \
         build on this server (`slipway-agent install --build-node own`)",
    ),
    (
        Step::Build,
        "build-node-disk-full",
        "the disk of the build node is full; free some space there and deploy again",
    ),
    (
        Step::Build,
        "build-node-without-key",
        "the build node is not connected to, because nobody has accepted the key of its SSH \
         server yet; compare it and accept it (`slipway-agent trust-build-node`)",
    ),
    (
        Step::Build,
        "build-node-other-key",
        "the build node is not connected to, because its SSH server shows another key than the \
         one that is trusted; if that machine was set up anew, compare its new key and accept it (`slipway-agent \
         trust-build-node`), and if it was not, somebody may stand in between",
    ),
    (
        Step::Build,
        "build-node-unfit",
        "the way to the build node could not be prepared on this server (No space left on device); see that its disk has \
         room and that the agent may write to its data folder, and deploy again",
    ),
    (
        Step::Build,
        "build-node-unfit",
        "the build node has another processor (aarch64) than this server (x86_64); set a \
         platform in the application's settings, or take a build node with the same processor",
    ),
    (
        Step::Release,
        "docker-not-answering",
        "Docker does not answer; start it (systemctl start docker) and try again",
    ),
    (
        Step::Release,
        "quorum-lost",
        "Docker refused: rpc error: code = Unknown desc = The swarm does not have a leader. It's possible \
         that too few managers are online. Make sure more than half of the managers are online.",
    ),
    (
        Step::Gate,
        "quorum-lost",
        "Docker refused: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
    ),
    (
        Step::Release,
        "no-swarm-manager",
        "this node is no Swarm manager; run `docker swarm init` on the server and try again",
    ),
    (
        Step::Gate,
        "host-port-in-use",
        "its containers did not start within 120 s: no suitable node (host-mode port already in use on 1 \
         node)",
    ),
    (
        Step::Gate,
        "not-enough-resources",
        "its containers did not start within 120 s: no suitable node (insufficient resources on 2 nodes)",
    ),
    (
        Step::Gate,
        "no-node-of-platform",
        "its containers did not start within 120 s: no suitable node (unsupported platform on 1 node)",
    ),
    (
        Step::Gate,
        "no-suitable-node",
        "its containers did not start within 120 s: no suitable node (scheduling constraints not satisfied \
         on 3 nodes)",
    ),
    (
        Step::Release,
        "image-gone",
        "the image sha256:0123abc is no longer on the server; deploy the commit again instead",
    ),
    (
        Step::Gate,
        "image-not-on-node",
        "Docker refused to start the container: No such image: slipway/web:018f00000000",
    ),
    (
        Step::Gate,
        "network-trouble",
        "Docker refused to start the container: network sandbox join failed: subnet sandbox join failed \
         for \"10.0.1.0/24\": error creating vxlan interface: file exists",
    ),
    (
        Step::CutOver,
        "edge-not-answering",
        "Traefik does not answer on 127.0.0.1:80; look at its service in Docker",
    ),
    (
        Step::CutOver,
        "edge-not-updated",
        "Traefik did not take up the new routes within 30 s; look at its log",
    ),
    (
        Step::CutOver,
        "tasks-gone",
        "the new tasks were gone when Traefik was to be switched to them",
    ),
    (
        Step::Source,
        "work-folder-not-writable",
        "the agent could not write to its work folder: Read-only file system (os error 30)",
    ),
    (
        Step::Gate,
        "slow-start",
        "its containers did not start within 120 s: preparing",
    ),
    (
        Step::Gate,
        "slow-start",
        "Docker scheduled no container within 120 s",
    ),
];

/// Of a container that ended: the cause, the exit code, its last lines.
const ENDED: &[(&str, i64, &str)] = &[
    (
        "windows-line-endings",
        127,
        "env: can't execute 'bash\\r': No such file or directory",
    ),
    (
        "wrong-architecture",
        1,
        "[FATAL tini (7)] exec /app failed: Exec format error",
    ),
    (
        "wrong-architecture",
        1,
        "exec /usr/local/bin/docker-entrypoint.sh: exec format error",
    ),
    // tini lets a shell try what the kernel does not know.
    ("wrong-architecture", 127, "./server: 1: \u{7f}ELF: not found"),
    (
        "wrong-architecture",
        2,
        "/app/server: 2: Syntax error: word unexpected (expecting \")\")",
    ),
    (
        "shared-library-missing",
        127,
        "/app/server: error while loading shared libraries: libpq.so.5: cannot open shared object file: No \
         such file or directory",
    ),
    (
        "shared-library-missing",
        1,
        "./server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by ./server)",
    ),
    (
        "command-not-found",
        127,
        "[FATAL tini (7)] exec /nope failed: No such file or directory",
    ),
    ("command-not-found", 127, "/bin/sh: 1: gunicorn: not found"),
    (
        "command-not-executable",
        126,
        "[FATAL tini (7)] exec /app/start.sh failed: Permission denied",
    ),
    (
        "port-in-use",
        1,
        "Error: listen EADDRINUSE: address already in use :::8080\n    at Server.setupListenHandle [as \
         _listen2] (node:net:1908:16)\n  code: 'EADDRINUSE',\n\nNode.js v20.20.2",
    ),
    (
        "port-not-allowed",
        1,
        "Error: listen EACCES: permission denied 0.0.0.0:80",
    ),
    (
        "port-not-allowed",
        1,
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
    ),
    (
        "service-not-reachable",
        1,
        "Error: connect ECONNREFUSED 127.0.0.1:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] \
         (node:net:1611:16) {\n  code: 'ECONNREFUSED',\n  port: 5432\n}\n\nNode.js v20.20.2",
    ),
    (
        "service-not-reachable",
        1,
        "psycopg2.OperationalError: connection to server at \"localhost\" (127.0.0.1), port 5432 failed: \
         Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?",
    ),
    (
        "service-not-reachable",
        1,
        "2026/01/02 03:04:05 dial tcp 10.0.1.9:6379: connect: connection refused",
    ),
    (
        "host-not-resolved",
        1,
        "Error: getaddrinfo ENOTFOUND db\n    at GetAddrInfoReqWrap.onlookupall [as oncomplete] \
         (node:dns:122:26)",
    ),
    (
        "host-not-resolved",
        1,
        "nginx: [emerg] host not found in upstream \"api\" in /etc/nginx/conf.d/default.conf:9",
    ),
    (
        "host-not-resolved",
        1,
        "psycopg2.OperationalError: could not translate host name \"db\" to address: Name or service not \
         known",
    ),
    (
        "database-sign-in-refused",
        1,
        "FATAL:  password authentication failed for user \"shop\"",
    ),
    (
        "database-sign-in-refused",
        1,
        "Access denied for user 'shop'@'10.0.1.4' (using password: YES)",
    ),
    (
        "database-not-found",
        1,
        "FATAL:  database \"shop\" does not exist",
    ),
    (
        "database-not-migrated",
        1,
        "psycopg2.errors.UndefinedTable: relation \"users\" does not exist",
    ),
    (
        "start-script-missing",
        1,
        "npm error Missing script: \"start\"\nnpm error\nnpm error Did you mean one of these?",
    ),
    (
        "module-not-found",
        1,
        "Error: Cannot find module 'express'\nRequire stack:\n- /app/server.js\n    at \
         Module._resolveFilename (node:internal/modules/cjs/loader:1140:15)\nNode.js v20.20.2",
    ),
    (
        "module-not-found",
        1,
        "  File \"/app/main.py\", line 1, in <module>\n    import flask\nModuleNotFoundError: No module \
         named 'flask'",
    ),
    (
        "module-not-found",
        1,
        "ERROR:    Error loading ASGI app. Could not import module \"main\".",
    ),
    (
        "heap-exhausted",
        134,
        "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of \
         memory",
    ),
    (
        "file-not-permitted",
        1,
        "Error: EACCES: permission denied, open '/app/data/db.json'",
    ),
    (
        "file-not-permitted",
        1,
        "PermissionError: [Errno 13] Permission denied: '/var/lib/app'",
    ),
    (
        "variable-missing",
        1,
        "  File \"<frozen os>\", line 679, in __getitem__\nKeyError: 'DATABASE_URL'",
    ),
    (
        "variable-missing",
        101,
        "thread 'main' panicked at src/main.rs:4:40:\nDATABASE_URL must be set: NotPresent\nnote: run with \
         `RUST_BACKTRACE=1` environment variable to display a backtrace",
    ),
    ("exits-by-itself", 0, "Migrated 3 tables"),
    ("killed", 137, "Loading the model"),
    ("crash-loop", 3, "fatal: the configuration of the moon is missing"),
    ("crash-loop", 139, ""),
];

/// Of a container that Docker could not start: the cause, and Docker's words.
const REFUSED: &[(&str, &str)] = &[
    ("no-command", "No command specified"),
    (
        "command-not-found",
        "starting container failed: failed to create task for container: failed to create shim task: OCI \
         runtime create failed: runc create failed: unable to start container process: exec: \"gunicorn\": \
         executable file not found in $PATH: unknown",
    ),
    (
        "command-not-executable",
        "starting container failed: OCI runtime create failed: container_linux.go:380: starting container \
         process caused: exec: \"./start.sh\": permission denied: unknown",
    ),
    (
        "container-refused",
        "invalid mount config for type \"bind\": bind source path does not exist: /srv/data",
    ),
];

type Answered = (
    &'static str,
    Answer,
    Option<&'static [&'static str]>,
    &'static str,
);

/// Of a release that runs: the cause, how it answered, where it listens, its last lines.
const ANSWERED: &[Answered] = &[
    ("port-mismatch", Answer::Refused, Some(&["0.0.0.0:3000"]), "ready"),
    (
        "port-mismatch",
        Answer::Refused,
        Some(&["127.0.0.1:5173", "[::1]:5173"]),
        "  ➜  Local:   http://localhost:5173/",
    ),
    (
        "port-mismatch",
        Answer::Refused,
        None,
        "Server listening on http://0.0.0.0:3000",
    ),
    (
        "port-mismatch",
        Answer::Refused,
        None,
        "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)",
    ),
    (
        "listens-on-loopback",
        Answer::Refused,
        Some(&["127.0.0.1:8080"]),
        "",
    ),
    (
        "listens-on-loopback",
        Answer::Refused,
        Some(&["[::1]:8080", "0.0.0.0:9090"]),
        "",
    ),
    (
        "listens-on-loopback",
        Answer::Refused,
        None,
        " * Running on http://127.0.0.1:8080",
    ),
    ("not-plain-http", Answer::Refused, Some(&["[::]:8080"]), ""),
    (
        "host-not-allowed",
        Answer::Status(400),
        Some(&["0.0.0.0:8080"]),
        "Invalid HTTP_HOST header: 'slipway.internal'. You may need to add 'slipway.internal' to \
         ALLOWED_HOSTS.",
    ),
    (
        "health-path-not-found",
        Answer::Status(404),
        Some(&["0.0.0.0:8080"]),
        "",
    ),
    (
        "health-path-needs-sign-in",
        Answer::Status(401),
        Some(&["0.0.0.0:8080"]),
        "",
    ),
    (
        "health-path-redirects",
        Answer::Status(301),
        Some(&["0.0.0.0:8080"]),
        "",
    ),
    (
        "health-server-error",
        Answer::Status(503),
        Some(&["0.0.0.0:8080"]),
        "cache is cold",
    ),
    (
        "health-unexpected-status",
        Answer::Status(418),
        Some(&["0.0.0.0:8080"]),
        "",
    ),
    ("no-answer-in-time", Answer::Late, Some(&["0.0.0.0:8080"]), ""),
    (
        "listens-nowhere",
        Answer::Refused,
        Some(&[]),
        "Applying migration 7 of 90",
    ),
    ("nothing-on-port", Answer::Refused, None, "hello"),
    ("edge-not-updated", Answer::NoWay, None, ""),
];

/// Texts that look like a cause and are none: the step, the failure, the log, what it must not be taken for.
pub const OTHERS: &[(Step, &str, &str, &str)] = &[
    (
        Step::Source,
        "a failpoint made it fail",
        "From https://example.org/shop\n * branch main -> FETCH_HEAD",
        "git-host-unreachable",
    ),
    (
        Step::Source,
        "git failed on /a.git: fatal: something new",
        "warning: redirecting to https://example.org/b.git/",
        "git-repository-not-found",
    ),
    (
        Step::Build,
        "a failpoint made it fail",
        "/bin/sh: 1: make: not found",
        "build-command-not-found",
    ),
    (
        Step::Build,
        "the build failed: something new",
        "src/index.ts(3,7): error TS2322: wrong",
        "compile-error",
    ),
    (
        Step::Build,
        "the build failed: process \"/bin/sh -c npm test\" did not complete successfully: exit code: 1",
        "npm warn ERESOLVE overriding peer dependency\n1 failing",
        "dependency-conflict",
    ),
    (
        Step::Build,
        "the build failed: process \"/bin/sh -c ./fetch\" did not complete successfully: exit code: 1",
        "404: the page was not found",
        "base-image-not-found",
    ),
    (
        Step::Build,
        "the build failed: process \"/bin/sh -c echo Docker does not work\" did not complete successfully: \
         exit code: 1",
        "Docker does not answer",
        "docker-not-answering",
    ),
    (
        Step::Build,
        "the build failed: failed to compute cache key: \"/dist\" not found",
        "",
        "base-image-not-found",
    ),
    (
        Step::Gate,
        "the container keeps ending with exit code 1; its last lines are in the log",
        "no suitable node was found in the tree",
        "no-suitable-node",
    ),
    (
        Step::Gate,
        "the container keeps ending with exit code 1; its last lines are in the log",
        "user 5432 refused the connection",
        "service-not-reachable",
    ),
    (
        Step::Gate,
        "the container keeps ending with exit code 1; its last lines are in the log",
        "the configuration of the moon is missing",
        "variable-missing",
    ),
    (
        Step::Gate,
        "the container keeps ending with exit code 1; its last lines are in the log",
        "No such image: photos/cat.jpg",
        "image-not-on-node",
    ),
    (
        Step::Release,
        "Docker refused: rpc error: code = InvalidArgument desc = name must be valid",
        "",
        "quorum-lost",
    ),
    (
        Step::CutOver,
        "a failpoint made it fail",
        "Traefik does not answer",
        "edge-not-answering",
    ),
];
