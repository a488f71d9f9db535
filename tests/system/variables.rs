//! Variables: what was typed is what the application's process reads.

use acceptance::git_repo::GitRepo;
use acceptance::load;
use acceptance::stage::{Stage, host_of};
use proptest::arbitrary::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use slipway_protocol::Scope;
use slipway_protocol::variable::LARGEST_VALUE;

/// What breaks where a value passes through a shell, a template, a file of variables or a careless encoder.
const NASTY: [&str; 17] = [
    "",
    " ",
    "a'b\"c`d",
    "$HOME ${HOME} $(id) $$ \\$",
    "# no comment",
    "one\ntwo\r\nthree\n",
    "KEY=value",
    "%s %n {{ .Node.Hostname }} ${{ if }} ${{",
    "\\n \\0 \\",
    "\t\u{b}\u{7f}\u{1b}[31m",
    "żółć 日本語 🚢 \u{202e}right to left",
    "e\u{301} is not \u{e9}",
    "\u{feff}with a mark",
    "\u{a0}hard space\u{a0}",
    "--option",
    "'; drop table variables; --",
    "\u{10ffff}\u{fffd}",
];
const RANDOM: usize = 48;

/// FR-CFG-01, NFR-S2: any value arrives in the container byte for byte, also by a reference to another scope.
#[tokio::test(flavor = "multi_thread")]
async fn any_value_arrives_byte_for_byte() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let environment = stage.environment("Variables").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    let values = values();
    for (index, value) in values.iter().enumerate() {
        stage
            .set_variable(application.id, &key(index), &typed(value))
            .await;
    }
    // The short ones once more, from the environment: what the engine carries together has a bound.
    let short = || values.iter().enumerate().filter(|(_, value)| value.len() < 1024);
    for (index, value) in short() {
        let place = Scope::Environment(environment);
        stage.set_in(place, &format!("FAR_{index}"), &typed(value)).await;
        let reference = format!("<${{{{environment.FAR_{index}}}}}>");
        stage
            .set_variable(application.id, &format!("NEAR_{index}"), &reference)
            .await;
    }
    stage.deploy_well(application.id).await;
    let own = values
        .iter()
        .enumerate()
        .map(|(index, value)| (key(index), value.clone()));
    let referred = short().map(|(index, value)| (format!("NEAR_{index}"), format!("<{value}>")));
    for (key, value) in own.chain(referred) {
        let path = format!("/variable/{key}");
        let (status, body) = load::get(stage.agent.edge_port(), &host_of("web"), &path)
            .await
            .expect("an answer");
        assert_eq!(status, 200, "{value:?}");
        assert!(
            body == value.as_bytes(),
            "{value:?} became {:?}",
            String::from_utf8_lossy(&body)
        );
    }
}

/// The nasty ones, the largest, and random ones; a failure shows its value.
fn values() -> Vec<String> {
    let mut runner = TestRunner::default();
    let strategy = any::<String>().prop_map(|text| text.replace('\0', "\n"));
    let random = std::iter::repeat_with(|| strategy.new_tree(&mut runner).expect("a text").current());
    let mut values: Vec<String> = NASTY.iter().map(|&text| text.to_owned()).collect();
    values.push("x".repeat(LARGEST_VALUE));
    values.push("🚢\n".repeat(LARGEST_VALUE / 5));
    values.extend(random.take(RANDOM));
    values
}

/// As a person types it: what would be a reference is written with one more `$`.
fn typed(value: &str) -> String {
    value.replace("${{ if }}", "$${{ if }}")
}

fn key(index: usize) -> String {
    format!("VALUE_{index}")
}
