//! The table of contents of the API: one line per call.

use axum::Router;
use axum::routing::{get, post};
use slipway_protocol::api;

use super::registration::Routes;
use super::{
    applications, commands, copies, deletion, deploy_urls, deployments, domains, events, feed, files,
    forwards, git_access, health, identity, internal, logs, metrics, operations, patches, projects,
    registries, terminals, uploads, variables,
};
use crate::app::App;

pub fn router(app: App) -> Router {
    let routes = Routes::new(app.clone())
        .one::<api::GetVersion, _, _>(health::get_version)
        .one::<api::GetClusterHealth, _, _>(health::get_cluster_health)
        .one::<api::GetServerCheckup, _, _>(health::get_server_checkup)
        .one::<api::AcceptInvitation, _, _>(identity::accept_invitation)
        .one::<api::SignIn, _, _>(identity::sign_in)
        .one::<api::RefreshSession, _, _>(identity::refresh_session)
        .one::<api::SignOut, _, _>(identity::sign_out)
        .one::<api::GetMe, _, _>(identity::get_me)
        .one::<api::ListMembers, _, _>(identity::list_members)
        .one::<api::CreateInvitation, _, _>(identity::create_invitation)
        .one::<api::ListAudit, _, _>(identity::list_audit)
        .one::<api::ListProjects, _, _>(projects::list_projects)
        .one::<api::CreateProject, _, _>(projects::create_project)
        .one::<api::UpdateProject, _, _>(projects::update_project)
        .one::<api::PreviewProjectDeletion, _, _>(deletion::preview_project_deletion)
        .one::<api::DeleteProject, _, _>(deletion::delete_project)
        .one::<api::DuplicateProject, _, _>(copies::duplicate_project)
        .one::<api::CreateEnvironment, _, _>(projects::create_environment)
        .one::<api::UpdateEnvironment, _, _>(projects::update_environment)
        .one::<api::PreviewEnvironmentDeletion, _, _>(deletion::preview_environment_deletion)
        .one::<api::DeleteEnvironment, _, _>(deletion::delete_environment)
        .one::<api::DuplicateEnvironment, _, _>(copies::duplicate_environment)
        .one::<api::ListApplications, _, _>(applications::list_applications)
        .one::<api::ListUnwellApplications, _, _>(applications::list_unwell_applications)
        .one::<api::CreateApplication, _, _>(applications::create_application)
        .one::<api::GetApplication, _, _>(applications::get_application)
        .one::<api::UpdateApplication, _, _>(applications::update_application)
        .one::<api::PreviewApplicationDeletion, _, _>(deletion::preview_application_deletion)
        .one::<api::DeleteApplication, _, _>(deletion::delete_application)
        .one::<api::DuplicateApplication, _, _>(copies::duplicate_application)
        .one::<api::MoveApplication, _, _>(copies::move_application)
        .one::<api::SetTags, _, _>(applications::set_tags)
        .one::<api::ListVariables, _, _>(variables::list_variables)
        .one::<api::SetVariable, _, _>(variables::set_variable)
        .one::<api::DeleteVariable, _, _>(variables::delete_variable)
        .one::<api::RevealVariable, _, _>(variables::reveal_variable)
        .one::<api::ImportVariables, _, _>(variables::import_variables)
        .one::<api::ListConfigurationChanges, _, _>(variables::list_configuration_changes)
        .one::<api::ListFiles, _, _>(files::list_files)
        .one::<api::SetFile, _, _>(files::set_file)
        .one::<api::DeleteFile, _, _>(files::delete_file)
        .one::<api::RevealFile, _, _>(files::reveal_file)
        .one::<api::CreateDomain, _, _>(domains::create_domain)
        .one::<api::DeleteDomain, _, _>(domains::delete_domain)
        .one::<api::ListDeployments, _, _>(deployments::list_deployments)
        .one::<api::RequestDeployment, _, _>(deployments::request_deployment)
        .one::<api::PlanDeployment, _, _>(deployments::plan_deployment)
        .one::<api::StopApplication, _, _>(operations::stop_application)
        .one::<api::StartApplication, _, _>(operations::start_application)
        .one::<api::HealDrift, _, _>(operations::heal_drift)
        .one::<api::AdoptDrift, _, _>(operations::adopt_drift)
        .one::<api::RetryUndo, _, _>(deployments::retry_undo)
        .one::<api::LeaveAsIs, _, _>(deployments::leave_as_is)
        .one::<api::CompareDeployments, _, _>(deployments::compare_deployments)
        .one::<api::GetBuild, _, _>(deployments::get_build)
        .one::<api::GetDeployment, _, _>(deployments::get_deployment)
        .one::<api::CancelDeployment, _, _>(deployments::cancel_deployment)
        .lines::<api::FollowDeployment, _, _, _>(deployments::follow_deployment)
        .one::<api::ListEvents, _, _>(events::list_events)
        .lines::<api::WatchChanges, _, _, _>(feed::watch_changes)
        .lines::<api::FollowLogs, _, _, _>(logs::follow_logs)
        .one::<api::GetApplicationMetrics, _, _>(metrics::get_application_metrics)
        .one::<api::GetNodeMetrics, _, _>(metrics::get_node_metrics)
        .one::<api::ListTasks, _, _>(terminals::list_tasks)
        .one::<api::OpenTerminal, _, _>(terminals::open_terminal)
        .one::<api::OpenNodeTerminal, _, _>(terminals::open_node_terminal)
        .one::<api::ListTerminals, _, _>(terminals::list_terminals)
        .lines::<api::FollowTerminal, _, _, _>(terminals::follow_terminal)
        .bytes::<api::SendTerminalInput, _, _>(terminals::send_terminal_input)
        .one::<api::ResizeTerminal, _, _>(terminals::resize_terminal)
        .one::<api::CloseTerminal, _, _>(terminals::close_terminal)
        .one::<api::RunCommand, _, _>(commands::run_command)
        .one::<api::ListCommands, _, _>(commands::list_commands)
        .one::<api::GetCommand, _, _>(commands::get_command)
        .one::<api::CancelCommand, _, _>(commands::cancel_command)
        .lines::<api::FollowCommand, _, _, _>(commands::follow_command)
        .one::<api::OpenForward, _, _>(forwards::open_forward)
        .tunnel::<api::ConnectForward, _, _, _>(forwards::connect_forward)
        .one::<api::CloseForward, _, _>(forwards::close_forward)
        .one::<api::BeginUpload, _, _>(uploads::begin_upload)
        .one::<api::GetUpload, _, _>(uploads::get_upload)
        .bytes::<api::SendUploadPiece, _, _>(uploads::send_upload_piece)
        .one::<api::FinishUpload, _, _>(uploads::finish_upload)
        .one::<api::GetGitAccess, _, _>(git_access::get_git_access)
        .one::<api::MakeDeployKey, _, _>(git_access::make_deploy_key)
        .one::<api::DeleteDeployKey, _, _>(git_access::delete_deploy_key)
        .one::<api::GetDeployUrl, _, _>(deploy_urls::get_deploy_url)
        .one::<api::MakeDeployUrl, _, _>(deploy_urls::make_deploy_url)
        .one::<api::DeleteDeployUrl, _, _>(deploy_urls::delete_deploy_url)
        .one::<api::SetGitToken, _, _>(git_access::set_git_token)
        .one::<api::DeleteGitToken, _, _>(git_access::delete_git_token)
        .one::<api::ListRegistries, _, _>(registries::list_registries)
        .one::<api::SetRegistry, _, _>(registries::set_registry)
        .one::<api::DeleteRegistry, _, _>(registries::delete_registry)
        .one::<api::ListPatches, _, _>(patches::list_patches)
        .one::<api::SetPatch, _, _>(patches::set_patch)
        .one::<api::DeletePatch, _, _>(patches::delete_patch);
    routes
        .finish()
        .route(
            "/api/v1/openapi.json",
            get(|| async { axum::Json(slipway_protocol::openapi::document(env!("CARGO_PKG_VERSION"))) }),
        )
        .route(
            "/internal/invitations",
            post(internal::create_first_invitation).with_state(app),
        )
}
