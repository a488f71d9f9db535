//! An open cluster: its link, its lists, its sidebar and status bar, and the page inside. Who is not signed in is led to signing in.

use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::api::{GetClusterHealth, GetMe, ListApplications, ListProjects};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{Cluster, Link};
use yew::prelude::*;

use super::link_banner::LinkBanner;
use super::sidebar::Sidebar;
use super::status_bar::ClusterStatusBar;
use crate::components::remote::{Broken, Loading};
use crate::pages::add_cluster::RenewPage;
use crate::pages::app::AppPage;
use crate::pages::audit::AuditPage;
use crate::pages::deployment::DeploymentPage;
use crate::pages::events::EventsPage;
use crate::pages::health::HealthPage;
use crate::pages::home::HomePage;
use crate::pages::new_app::NewAppPage;
use crate::pages::node_terminal::NodeTerminalPage;
use crate::pages::people::PeoplePage;
use crate::pages::registries::RegistriesPage;
use crate::pages::sign_in::SignInPage;
use crate::pages::unknown::UnknownPage;
use crate::pages::variables::VariablesPage;
use crate::route::{Page, Route, replace};
use crate::state::api::{Every, LIST, use_api_by};
use crate::state::cluster::{ClusterContext, Health};
use crate::state::fleet::use_fleet;
use crate::state::pulse::{Pulse, use_pulse_of};
use crate::state::{drafts, last_page, way_back};

/// The numbers of health change by themselves; closer only while somebody looks at them.
const HEALTH: Every = Every::Milliseconds(30_000);
const HEALTH_SHOWN: Every = Every::Milliseconds(10_000);
/// Who is signed in changes less than lists do.
const ME: Every = Every::Beat(30_000);

#[derive(PartialEq, Properties)]
pub struct ClusterFrameProps {
    pub id: ClusterId,
    pub page: Page,
}

#[function_component]
pub fn ClusterFrame(props: &ClusterFrameProps) -> Html {
    let fleet = use_fleet();
    let found = fleet.find(props.id);
    // The app has begun with it, and it is saved no more.
    let left_over = found.is_none() && fleet.loaded() && last_page::is_begun();
    use_effect_with(left_over, |left_over| {
        if *left_over {
            replace(Route::Fleet);
        }
    });
    if let Some(cluster) = found {
        // With another team everything begins anew: streams, forms, what is chosen in lists.
        let team = cluster.team.map(|team| team.to_string()).unwrap_or_default();
        return html! { <OpenCluster key={team} {cluster} page={props.page}/> };
    }
    let inside = match fleet.failure() {
        Some(failure) => html! {
            <div class="content"><Broken failure={failure.clone()} retry={fleet.reload.clone()}/></div>
        },
        None if left_over || !fleet.loaded() => html! { <div class="content"><Loading/></div> },
        None => html! { <UnknownPage/> },
    };
    html! { <div class="cluster no-sidebar"><main class="main">{ inside }</main></div> }
}

#[derive(PartialEq, Properties)]
struct OpenClusterProps {
    cluster: Rc<Cluster>,
    page: Page,
}

#[function_component]
fn OpenCluster(props: &OpenClusterProps) -> Html {
    let reading = props.cluster.signed_in && props.page != Page::SignIn;
    let pulse = use_pulse_of(props.cluster.id, reading);
    let (context, health) = use_cluster_context(props, &pulse);
    let production = props.cluster.tag.as_deref() == Some("production");
    let sidebar = props.page != Page::SignIn;
    html! {
        <ContextProvider<Pulse> context={pulse}>
        <ContextProvider<ClusterContext> {context}>
        <ContextProvider<Health> context={health}>
            <div class={classes!("cluster", (!sidebar).then_some("no-sidebar"))}>
                if sidebar { <Sidebar page={props.page}/> }
                <main class={classes!("main", production.then_some("production"))}>
                    <LinkBanner waits={last_page::is_begun()}/>
                    <Inside key={drafts::came(props.cluster.id).to_string()} page={props.page}/>
                </main>
                <ClusterStatusBar/>
            </div>
        </ContextProvider<Health>>
        </ContextProvider<ClusterContext>>
        </ContextProvider<Pulse>>
    }
}

#[derive(PartialEq, Properties)]
struct InsideProps {
    page: Page,
}

/// The page itself. It begins anew where drafts of an earlier start have come, so that its forms begin with them.
#[function_component]
fn Inside(props: &InsideProps) -> Html {
    match props.page {
        Page::Home => html! { <HomePage/> },
        Page::SignIn => html! { <SignInPage/> },
        Page::Health => html! { <HealthPage/> },
        Page::Renew => html! { <RenewPage/> },
        Page::NodeTerminal => html! { <NodeTerminalPage/> },
        Page::Events => html! { <EventsPage/> },
        Page::People => html! { <PeoplePage/> },
        Page::Audit => html! { <AuditPage/> },
        Page::Registries => html! { <RegistriesPage/> },
        Page::Variables(scope) => html! { <VariablesPage key={scope.to_string()} {scope}/> },
        Page::NewApp(environment) => html! { <NewAppPage key={environment.to_string()} {environment}/> },
        Page::App(id, tab) => html! { <AppPage key={id.to_string()} {id} {tab}/> },
        Page::Deployment(id) => html! { <DeploymentPage key={id.to_string()} {id}/> },
    }
}

/// How many applications are being deployed.
fn unfinished(all: &[ApplicationView]) -> usize {
    all.iter()
        .filter_map(|app| app.last_deployment.as_ref())
        .filter(|last| !last.status.is_final())
        .count()
}

#[hook]
fn use_cluster_context(props: &OpenClusterProps, pulse: &Pulse) -> (ClusterContext, Health) {
    let cluster = Rc::clone(&props.cluster);
    let id = cluster.id;
    let reading = cluster.signed_in && props.page != Page::SignIn;
    let when = |every| if reading { every } else { Every::Never };
    let beats = || Some(pulse.clone());
    let projects = use_api_by(id, ListProjects {}, when(LIST), beats());
    let all = ListApplications { environment: None };
    let applications = use_api_by(id, all, when(LIST), beats());
    let health_every = if props.page == Page::Health {
        HEALTH_SHOWN
    } else {
        HEALTH
    };
    let health = use_api_by(id, GetClusterHealth {}, when(health_every), beats());
    let me = use_api_by(id, GetMe {}, when(ME), beats());
    // How many deployments run is told with health: it is asked for when one begins or ends.
    let unfinished = applications.get().map(|all| unfinished(all));
    {
        let reload = health.reload.clone();
        let first = use_mut_ref(|| None);
        use_effect_with(unfinished, move |now| {
            let before = std::mem::replace(&mut *first.borrow_mut(), *now);
            if before.is_some() && before != *now {
                reload.emit(());
            }
        });
    }
    let refused = projects.signed_out() || me.signed_out();
    let fleet = use_fleet();
    // The shell knows best whether there still is a session.
    use_effect_with(refused, move |refused| {
        if *refused {
            fleet.reload.emit(());
        }
    });
    let to_sign_in =
        matches!(cluster.link, Link::Up { .. }) && !cluster.signed_in && props.page != Page::SignIn;
    use_effect_with((to_sign_in, props.page), move |(to_sign_in, page)| {
        if *to_sign_in {
            way_back::keep(id, *page);
            replace(Route::Cluster(id, Page::SignIn));
        }
    });
    let context = ClusterContext {
        cluster,
        projects,
        applications,
        me,
        reload_health: health.reload.clone(),
    };
    (context, Health(health))
}
