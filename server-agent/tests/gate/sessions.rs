//! Signing in, refresh tokens and invitations.

use chrono::Utc;
use slipway_protocol::api::{GetMe, RefreshSession, SignOut};
use slipway_protocol::identity::{RefreshSession as Refresh, Tokens};
use slipway_protocol::{DisplayName, ErrorCode, Role, Secret};

use crate::stage::{Answer, As, PASSWORD, Stage, accept_with, sign_in_with, teamless_invitation, with_stage};

async fn refresh(stage: &Stage, tokens: &Tokens) -> Answer {
    refresh_to(stage, tokens, None).await
}

/// With the next token that the client has drawn.
async fn refresh_to(stage: &Stage, tokens: &Tokens, next: Option<&str>) -> Answer {
    let body = Refresh {
        refresh_token: tokens.refresh_token.clone(),
        next: next.map(|next| Secret::new(next.to_owned())),
    };
    stage.ask(&As::nobody(), RefreshSession { body }).await
}

async fn alive(stage: &Stage, tokens: &Tokens) -> bool {
    let answer = stage
        .ask(&As::bearer(tokens.access_token.expose()), GetMe {})
        .await;
    if answer.status != 200 {
        answer.problem(ErrorCode::Unauthenticated, "an ended session");
    }
    answer.status == 200
}

/// FR-IAM-04: a refresh token works once; a second use ends the session with everything that came of it, and no other.
#[tokio::test]
async fn a_spent_refresh_token_ends_its_session() {
    with_stage(async |stage| {
        let first = stage.sign_in(&stage.owner.email).await;
        let other = stage.sign_in(&stage.owner.email).await;
        let second: Tokens = refresh(stage, &first).await.expect("the first use");
        let third: Tokens = refresh(stage, &second).await.expect("the next token's first use");
        assert_eq!(first.session, third.session);
        assert!(alive(stage, &third).await);
        refresh(stage, &first)
            .await
            .problem(ErrorCode::Unauthenticated, "a spent token");
        for tokens in [&first, &second, &third] {
            assert!(
                !alive(stage, tokens).await,
                "an access token outlived its session"
            );
            let again = refresh(stage, tokens).await;
            again.problem(ErrorCode::Unauthenticated, "a token of an ended session");
        }
        assert!(alive(stage, &other).await, "another session was ended too");
        refresh(stage, &other)
            .await
            .expect::<Tokens>("another session goes on");
    })
    .await;
}

/// FR-IAM-04: of two uses at the same moment one wins, and the session ends: one of the two was a thief.
#[tokio::test]
async fn a_refresh_token_used_twice_at_once_ends_its_session() {
    with_stage(async |stage| {
        for _ in 0..5 {
            let tokens = stage.sign_in(&stage.owner.email).await;
            let (one, two) = tokio::join!(refresh(stage, &tokens), refresh(stage, &tokens));
            let good: Vec<&Answer> = [&one, &two]
                .into_iter()
                .filter(|answer| answer.status == 200)
                .collect();
            assert_eq!(good.len(), 1, "{} {}", one.body, two.body);
            let new: Tokens = good[0].expect("the winner");
            assert!(!alive(stage, &new).await);
        }
    })
    .await;
}

/// FR-IAM-04: whoever drew the next token may ask for it again until it is used; whoever has only the spent one ends the session.
#[tokio::test]
async fn a_lost_answer_is_given_again() {
    with_stage(async |stage| {
        let code = |digit: &str| digit.repeat(64);
        let first = stage.sign_in(&stage.owner.email).await;
        let second: Tokens = refresh_to(stage, &first, Some(&code("a"))).await.expect("once");
        let again: Tokens = refresh_to(stage, &first, Some(&code("a"))).await.expect("again");
        assert_eq!(second.refresh_token.expose(), &code("a"));
        assert_eq!(again.refresh_token.expose(), &code("a"));
        assert!(alive(stage, &again).await);
        let third: Tokens = refresh_to(stage, &again, Some(&code("b")))
            .await
            .expect("the next");
        // It was used: who asks for it now is late, or somebody else.
        refresh_to(stage, &first, Some(&code("a")))
            .await
            .problem(ErrorCode::Unauthenticated, "a token whose successor was used");
        assert!(!alive(stage, &third).await);

        for (next, thief) in [("1", None), ("2", Some("d")), ("3", Some("b"))] {
            let (next, thief) = (code(next), thief.map(code));
            let mine = stage.sign_in(&stage.owner.email).await;
            let kept: Tokens = refresh_to(stage, &mine, Some(&next)).await.expect("mine");
            refresh_to(stage, &mine, thief.as_deref())
                .await
                .problem(ErrorCode::Unauthenticated, "the spent token alone");
            assert!(!alive(stage, &kept).await);
        }
    })
    .await;
}

/// FR-IAM-04: a next token is 256 bits as the agent would draw them, and one that nobody was ever given.
#[tokio::test]
async fn a_bad_next_token_is_refused() {
    with_stage(async |stage| {
        let other = stage.sign_in(&stage.owner.email).await;
        let mine = stage.sign_in(&stage.owner.email).await;
        let used = other.refresh_token.expose().clone();
        let odd = ["", "short", &"A".repeat(64), &"a".repeat(65), &"é".repeat(32)];
        for next in odd.into_iter().chain([used.as_str()]) {
            refresh_to(stage, &mine, Some(next))
                .await
                .problem(ErrorCode::Invalid, "a bad next token");
        }
        refresh(stage, &mine).await.expect::<Tokens>("it was not spent");
        refresh(stage, &other).await.expect::<Tokens>("nor was the other");
    })
    .await;
}

/// FR-IAM-04: tokens that were never given out, have run out, or whose session was signed out are refused.
#[tokio::test]
async fn a_dead_refresh_token_is_refused() {
    with_stage(async |stage| {
        let signed_out = stage.sign_in(&stage.owner.email).await;
        stage
            .call(&As::bearer(signed_out.access_token.expose()), SignOut {})
            .await;
        let expired = stage.sign_in(&stage.owner.email).await;
        let query =
            "update refresh_tokens set expires_at = now() - interval '1 second' where session_id = $1";
        sqlx::query(query)
            .bind(expired.session.0)
            .execute(stage.app.db.pool())
            .await
            .unwrap();
        let mut unknown = stage.sign_in(&stage.owner.email).await;
        unknown.refresh_token = Secret::new("unknown".to_owned());
        let mut crossed = stage.sign_in(&stage.owner.email).await;
        crossed.refresh_token = crossed.access_token.clone();
        for tokens in [signed_out, expired, unknown, crossed] {
            refresh(stage, &tokens)
                .await
                .problem(ErrorCode::Unauthenticated, "a dead token");
        }
    })
    .await;
}

/// FR-IAM-02, NFR-S5: wrong passwords lock an account for a while, each time longer; then even the right one waits.
#[tokio::test]
async fn wrong_passwords_lock_the_account() {
    with_stage(async |stage| {
        let person = stage.newcomer(Role::Viewer).await;
        let email = person.email.as_str();
        let mut wrong = 0;
        while wrong < 20 {
            let answer = stage.ask(&As::nobody(), sign_in_with(email, "the wrong password")).await;
            if answer.status == 429 {
                answer.problem(ErrorCode::TooManyAttempts, "a locked account");
                break;
            }
            answer.problem(ErrorCode::BadCredentials, "a wrong password");
            wrong += 1;
        }
        assert!((5..20).contains(&wrong), "locked after {wrong} wrong passwords");
        let query = "update users set locked_until = now() + interval '30 seconds' where email = $1";
        sqlx::query(query).bind(email).execute(stage.app.db.pool()).await.unwrap();
        let answer = stage.ask(&As::nobody(), sign_in_with(email, PASSWORD)).await;
        answer.problem(ErrorCode::TooManyAttempts, "the right password, too early");
        assert!(alive(stage, &person.tokens).await, "who is signed in stays so");
        stage.sign_in(&stage.owner.email).await;

        // How long each lock is at least and at most: it began after its row of the audit log, which has the time of the transaction.
        let mut locks = Vec::new();
        for _ in 0..4 {
            stage.execute("update users set locked_until = now() - interval '1 second' where locked_until is not null").await;
            let answer = stage.ask(&As::nobody(), sign_in_with(email, "the wrong password")).await;
            answer.problem(ErrorCode::BadCredentials, "wrong again");
            let query = "select locked_until, (select max(at) from audit where actor = email and action = 'SignIn') from users where email = $1";
            let (until, began): (chrono::DateTime<Utc>, chrono::DateTime<Utc>) =
                sqlx::query_as(query).bind(email).fetch_one(stage.app.db.pool()).await.unwrap();
            locks.push((until - Utc::now(), until - began));
        }
        for pair in locks.windows(2) {
            assert!(pair[1].1 > pair[0].0, "the next is not longer: {locks:?}");
        }
        // Each is twice as long as the one before it, so that over two no machine is slow enough to hide it.
        for three in locks.windows(3) {
            assert!(three[2].0 > three[0].1, "the next but one is not longer: {locks:?}");
        }
        stage.execute("update users set locked_until = now() - interval '1 second' where locked_until is not null").await;
        stage.sign_in(&person.email).await;
        let answer = stage.ask(&As::nobody(), sign_in_with(email, "the wrong password")).await;
        answer.problem(ErrorCode::BadCredentials, "the count began anew");
        stage.sign_in(&person.email).await;
    })
    .await;
}

/// FR-IAM-02: an unknown e-mail is answered like a wrong password, the first time and every time after, up to the lock-out.
#[tokio::test]
async fn an_unknown_email_is_answered_like_a_wrong_password() {
    with_stage(async |stage| {
        let names =
            |answer: &Answer| -> Vec<String> { answer.headers.keys().map(ToString::to_string).collect() };
        for attempt in 1..=12 {
            let known = sign_in_with(stage.viewer.email.as_str(), "the wrong password");
            let known = stage.ask(&As::nobody(), known).await;
            let unknown = sign_in_with("nobody@example.org", "the wrong password");
            let unknown = stage.ask(&As::nobody(), unknown).await;
            if attempt > 5 {
                // How long a lock has lasted depends on the machine; that both are locked does not.
                if (known.status, unknown.status) == (429, 429) {
                    known.problem(ErrorCode::TooManyAttempts, "a locked account");
                    unknown.problem(ErrorCode::TooManyAttempts, "a locked e-mail without an account");
                    return;
                }
                continue;
            }
            let mut one = known.problem(ErrorCode::BadCredentials, "a wrong password");
            let mut two = unknown.problem(ErrorCode::BadCredentials, "an unknown e-mail");
            one.request_id.clear();
            two.request_id.clear();
            assert_eq!(one, two);
            assert_eq!(names(&known), names(&unknown));
        }
        panic!("never locked");
    })
    .await;
}

/// FR-IAM-01, FR-IAM-06: an invitation works once, also when two use it at the same moment, and not after its end.
#[tokio::test]
async fn an_invitation_works_once() {
    with_stage(async |stage| {
        let accept = async |code: &str, name: &str| stage.ask(&As::nobody(), accept_with(code, name)).await;
        let code = stage.invitation(Role::Developer).await;
        accept(&code, "once").await.expect::<Tokens>("the first use");
        let again = accept(&code, "twice").await;
        again.problem(ErrorCode::BadCredentials, "the second use");
        let code = stage.invitation(Role::Developer).await;
        let (one, two) = tokio::join!(accept(&code, "left"), accept(&code, "right"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{} {}", one.body, two.body);
        let code = stage.invitation(Role::Developer).await;
        stage
            .execute("update invitations set expires_at = now() - interval '1 second' where used_at is null")
            .await;
        let late = accept(&code, "late").await;
        let late = late.problem(ErrorCode::BadCredentials, "an expired invitation");
        let invented = accept("invented", "late").await;
        assert_eq!(
            late.detail,
            invented
                .problem(ErrorCode::BadCredentials, "no invitation")
                .detail
        );
        let people: i64 = sqlx::query_scalar(
            "select count(*) from users where email in ('twice@example.org', 'late@example.org')",
        )
        .fetch_one(stage.app.db.pool())
        .await
        .unwrap();
        assert_eq!(people, 0);
        // An invitation is not spent by somebody who could not use it.
        let code = stage.invitation(Role::Developer).await;
        accept(&code, "once")
            .await
            .problem(ErrorCode::Conflict, "an e-mail with an account");
        accept(&code, "thrice")
            .await
            .expect::<Tokens>("the same invitation");
    })
    .await;
}

/// FR-IAM-01: an owner with the longest name that is accepted gets a team, and can use it.
#[tokio::test]
async fn an_owner_with_a_long_name_can_sign_in() {
    with_stage(async |stage| {
        for (index, name) in ["n".repeat(80), "ü".repeat(40), "n".repeat(71)]
            .iter()
            .enumerate()
        {
            let code = teamless_invitation(&stage.app).await;
            let mut request = accept_with(&code, &format!("long-{index}"));
            request.body.name = DisplayName::parse(name).unwrap();
            let tokens = stage.call(&As::nobody(), request).await;
            let me = stage
                .call(&As::bearer(tokens.access_token.expose()), GetMe {})
                .await;
            assert_eq!(me.teams[0].role, Role::Owner);
        }
    })
    .await;
}
