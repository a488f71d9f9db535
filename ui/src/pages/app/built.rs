//! How what serves was built, in a few words for “What runs”.

use slipway_protocol::api::GetBuild;
use slipway_protocol::build::{BuildView, BuiltBy};
use slipway_protocol::settings::Build;
use slipway_protocol::{DeploymentId, Told};
use yew::prelude::*;

use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;

#[derive(PartialEq, Properties)]
pub struct BuiltProps {
    /// As it is set.
    pub build: Build,
    /// The deployment that made the release.
    pub deployment: DeploymentId,
    /// How long it took; absent where this deployment did not build.
    pub took: Option<String>,
}

/// “Dockerfile, 29 s”.
#[function_component]
pub fn Built(props: &BuiltProps) -> Html {
    let context = use_cluster();
    // What is set says it all, unless the folder decides.
    let every = match props.build {
        Build::Automatic(_) => Every::Once,
        Build::Dockerfile(_) | Build::Static(_) | Build::External(_) => Every::Never,
    };
    let deployment = props.deployment;
    let known = use_api(context.id(), GetBuild { deployment }, every);
    let known = known.get().and_then(Option::as_ref);
    html! { { words(&props.build, known, props.took.as_deref()) } }
}

fn words(build: &Build, known: Option<&BuildView>, took: Option<&str>) -> String {
    let mut words = match build {
        Build::Automatic(automatic) => {
            let by = by(known.and_then(|known| known.builder));
            match automatic.platform {
                Some(platform) => format!("{by}, for {platform}"),
                None => by.to_owned(),
            }
        }
        Build::Dockerfile(_) | Build::Static(_) | Build::External(_) => build.to_string(),
    };
    if let Some(took) = took {
        words.push_str(", ");
        words.push_str(took);
    }
    words
}

/// What the folder decided.
fn by(known: Option<Told<BuiltBy>>) -> &'static str {
    match known {
        Some(Told::Known(BuiltBy::Dockerfile)) => "Dockerfile",
        Some(Told::Known(BuiltBy::Detection)) => "detected",
        // Of the settings before these, or not known.
        Some(
            Told::Known(BuiltBy::StaticSite | BuiltBy::Nixpacks | BuiltBy::Railpack | BuiltBy::Buildpacks)
            | Told::Newer,
        )
        | None => "automatic",
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::settings::{DockerfileBuild, Platform};

    use super::*;

    fn view(by: BuiltBy) -> BuildView {
        BuildView {
            tag: String::new(),
            digest: String::new(),
            size: 0,
            milliseconds: None,
            builder: Some(Told::Known(by)),
            steps: Vec::new(),
            more_steps: 0,
        }
    }

    /// FR-BLD-05, NFR-U2: what the folder decided is said once it is known; else what is set.
    #[test]
    fn what_the_folder_decided_is_said() {
        let automatic = Build::default();
        let (found, own) = (view(BuiltBy::Detection), view(BuiltBy::Dockerfile));
        assert_eq!(words(&automatic, Some(&found), Some("20 s")), "detected, 20 s");
        assert_eq!(words(&automatic, Some(&own), Some("20 s")), "Dockerfile, 20 s");
        assert_eq!(words(&automatic, None, None), "automatic");
        let mut for_another = automatic;
        if let Build::Automatic(build) = &mut for_another {
            build.platform = Some(Platform::Arm64);
        }
        assert_eq!(
            words(&for_another, Some(&found), Some("20 s")),
            "detected, for linux/arm64, 20 s"
        );
        let set = Build::Dockerfile(DockerfileBuild::default());
        assert_eq!(words(&set, Some(&found), Some("9.1 s")), "Dockerfile, 9.1 s");
    }
}
