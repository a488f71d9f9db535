//! Being in several teams: taking an invitation while signed in, and whose rows a call is about then.

use slipway_protocol::api::{GetMe, ListAudit, ListMembers, ListProjects};
use slipway_protocol::identity::{Me, Membership, Tokens};
use slipway_protocol::{ErrorCode, Role};

use crate::examples::new_project;
use crate::stage::{As, Person, Stage, accept_with, join_with, teamless_invitation, with_stage};

/// Takes an invitation of the owner's team.
async fn join(stage: &Stage, person: &Person, role: Role) -> Membership {
    let code = stage.invitation(role).await;
    stage.call(&person.asks(), join_with(&code)).await
}

async fn me(stage: &Stage, person: &Person) -> Me {
    stage.call(&person.asks(), GetMe {}).await
}

/// FR-IAM-05, FR-IAM-08: who joins another team is in both, with a role of its own in each; a call names the team that it is about, shows rows of that
/// one alone, and without a name it is about the one that was joined first, as before.
#[tokio::test]
async fn somebody_is_in_two_teams() {
    with_stage(async |stage| {
        let (person, theirs) = (&stage.stranger, stage.owner.team);
        stage.call(&stage.owner.asks(), new_project("Theirs")).await;
        stage.call(&person.asks(), new_project("Own")).await;
        let joined = join(stage, person, Role::Viewer).await;
        assert_eq!((joined.team, joined.role), (theirs, Role::Viewer));
        let teams = me(stage, person).await.teams;
        // The other team is the older one, and stands behind all the same.
        let roles: Vec<_> = teams.iter().map(|one| (one.team, one.role)).collect();
        assert_eq!(roles, [(person.team, Role::Owner), (theirs, Role::Viewer)]);
        assert_eq!(teams[1].name, joined.name);
        let names = async |who: As| {
            let all = stage.call(&who, ListProjects {}).await;
            all.iter().map(|one| one.name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(person.asks()).await, ["Own"]);
        assert_eq!(names(person.asks().in_team(person.team)).await, ["Own"]);
        assert_eq!(names(person.asks().in_team(theirs)).await, ["Theirs"]);
        let made = stage
            .ask(&person.asks().in_team(theirs), new_project("Not for a viewer"))
            .await;
        made.problem(ErrorCode::Forbidden, "a viewer of the other team");
        let members = stage.call(&stage.owner.asks(), ListMembers {}).await;
        assert!(
            members
                .iter()
                .any(|one| one.user == person.id && one.role == Role::Viewer)
        );
        let audit = stage.call(&stage.owner.asks(), ListAudit {}).await;
        let row = audit.iter().find(|row| row.action == "JoinTeam");
        assert!(
            row.is_some_and(|row| row.actor == person.email.as_str() && row.subject == "viewer"),
            "{row:?}"
        );
        let own = stage.call(&person.asks(), ListAudit {}).await;
        assert!(
            own.iter().all(|row| row.action != "JoinTeam"),
            "it is told to the team that was joined"
        );
    })
    .await;
}

/// FR-IAM-05, FR-IAM-06: who is in the team already does not take its invitation, which is still good for somebody else; one that was taken,
/// has ended or never was is refused with one sentence.
#[tokio::test]
async fn an_invitation_is_joined_once() {
    with_stage(async |stage| {
        let code = stage.invitation(Role::Admin).await;
        for member in [&stage.owner, &stage.viewer] {
            let again = stage.ask(&member.asks(), join_with(&code)).await;
            again.problem(ErrorCode::Conflict, "a member");
        }
        assert_eq!(me(stage, &stage.viewer).await.teams[0].role, Role::Viewer);
        let joined = stage.call(&stage.stranger.asks(), join_with(&code)).await;
        assert_eq!(joined.role, Role::Admin);
        let late = stage.invitation(Role::Admin).await;
        stage
            .execute("update invitations set expires_at = now() - interval '1 second' where used_at is null")
            .await;
        let person = stage.newcomer_elsewhere().await;
        let mut said = Vec::new();
        for bad in [code.as_str(), late.as_str(), "invented", ""] {
            let refused = stage.ask(&person.asks(), join_with(bad)).await;
            said.push(refused.problem(ErrorCode::BadCredentials, bad).detail);
        }
        said.dedup();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(me(stage, &person).await.teams.len(), 1);
    })
    .await;
}

/// FR-IAM-05, FR-IAM-06: of two who take one invitation at the same moment, with a new account and with one that there is, one comes in; and somebody
/// who takes two invitations of a team at once is in it once.
#[tokio::test]
async fn two_at_once_join_once() {
    with_stage(async |stage| {
        let code = stage.invitation(Role::Developer).await;
        let who = stage.stranger.asks();
        let nobody = As::nobody();
        let (known, new) = tokio::join!(
            stage.ask(&who, join_with(&code)),
            stage.ask(&nobody, accept_with(&code, "newer"))
        );
        let mut statuses = [known.status, new.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", known.body, new.body);
        if new.status == 200 {
            let tokens: Tokens = new.expect("a new account");
            stage.keep_secret(tokens.access_token.expose());
        }
        let person = stage.newcomer_elsewhere().await;
        let codes = [
            stage.invitation(Role::Viewer).await,
            stage.invitation(Role::Admin).await,
        ];
        let who = person.asks();
        let (one, two) = tokio::join!(
            stage.ask(&who, join_with(&codes[0])),
            stage.ask(&who, join_with(&codes[1]))
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", one.body, two.body);
        assert_eq!(me(stage, &person).await.teams.len(), 2);
    })
    .await;
}

/// FR-IAM-05: an invitation of the server that names no team makes one, whose owner is whoever takes it.
#[tokio::test]
async fn an_invitation_without_a_team_makes_one() {
    with_stage(async |stage| {
        let code = teamless_invitation(&stage.app).await;
        stage.keep_secret(&code);
        let joined = stage.call(&stage.viewer.asks(), join_with(&code)).await;
        assert_eq!(joined.role, Role::Owner);
        let own = stage
            .call(&stage.viewer.asks().in_team(joined.team), new_project("Own"))
            .await;
        let here = stage.call(&stage.owner.asks(), ListProjects {}).await;
        assert!(here.iter().all(|one| one.id != own.id));
    })
    .await;
}
