//! An application that is built by detection, from files that hold hostile values wherever detection reads one.

use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use serde_json::json;
use slipway_protocol::EnvironmentId;

use super::shapes::{is_plain_name, write_named};

const NAME: &str = "detected";
/// It answers with its arguments.
const SERVER: &str = "const all = JSON.stringify(process.argv.slice(2));
require('http').createServer((_, answer) => answer.end(all)).listen(process.env.PORT, '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
";

/// For the shell of the image, as the author of a Procfile would write it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The line of the Procfile gives each text to the application as one argument; what else is read decides nothing, or is a word.
pub async fn live(stage: &Stage, environment: EnvironmentId, texts: &[String]) {
    let fits = |text: &&String| text.len() < 100 && !text.contains(char::is_control);
    let given: Vec<String> = texts.iter().filter(fits).take(30).cloned().collect();
    let words: Vec<String> = given.iter().map(|text| quoted(text)).collect();
    let repo = GitRepo::empty().await;
    let package = json!({
        "private": true, "main": texts[0], "packageManager": format!("npm@{}", texts[1]), "engines": { "node": texts[2] },
        "description": texts.join("\n"),
    });
    repo.write("package.json", &package.to_string());
    repo.write(".nvmrc", &texts[3]);
    repo.write(".node-version", &texts[4]);
    repo.write("server.js", SERVER);
    repo.write(
        "Procfile",
        &format!(
            "{}: false\nweb: exec node server.js {}\n",
            texts[0],
            words.join(" ")
        ),
    );
    write_named(repo.path(), texts.iter().filter(|text| is_plain_name(text)));
    repo.commit("First version").await;
    let source = json!({ "kind": "git", "url": repo.url(), "ref": "main" });
    let application = stage.application_from(environment, NAME, source).await.id;
    stage.deploy_well(application).await;
    let (status, answer) = stage.get(NAME, "/").await;
    assert_eq!(status, 200, "{answer}");
    let arrived: Vec<String> = serde_json::from_str(&answer).expect("its arguments");
    assert_eq!(arrived, given);
}
