//! What is typed stays, and what of it may be on disk comes back.

use super::*;

fn cluster(last: u8) -> ClusterId {
    format!("00000000-0000-4000-8000-00000000000{last}")
        .parse()
        .unwrap()
}

/// A sign-in: its name may be on disk, its password may not.
#[derive(Clone, Debug, PartialEq)]
struct SignIn {
    name: String,
    password: String,
}

impl Lasting for SignIn {
    type Left = String;

    fn leave(&self) -> Option<String> {
        Some(self.name.clone())
    }

    fn come_back(name: String) -> Self {
        Self {
            name,
            password: String::new(),
        }
    }
}

fn sign_in(name: &str, password: &str) -> SignIn {
    SignIn {
        name: name.to_owned(),
        password: password.to_owned(),
    }
}

/// As a new start finds them: everything in memory is gone, but not what was written.
fn start_anew() {
    DRAFTS.with_borrow_mut(|drafts| *drafts = Drafts::default());
}

/// FR-CON-08: what was typed is there again, each form's own, until it is sent or its cluster is left.
#[test]
fn drafts_stay() {
    let (one, two) = (cluster(1), cluster(2));
    let (first, second) = (key(one, "settings", 7), key(two, "settings", 7));
    keep(&first, Some("typed".to_owned()));
    keep(&second, Some("elsewhere".to_owned()));
    assert_eq!(kept::<String>(&first).as_deref(), Some("typed"));
    assert_eq!(kept::<u32>(&first), None, "another form");
    keep::<String>(&first, None);
    assert_eq!(kept::<String>(&first), None);
    forget(two);
    assert_eq!(kept::<String>(&second), None);
}

/// FR-CON-08, FR-CON-03: what was typed comes back in the next start as far as its form says so, with no secret in what is written; a form that
/// says nothing is not written at all.
#[test]
fn drafts_outlive_the_app_without_their_secrets() {
    let (id, now) = (cluster(3), Utc::now());
    let (form, other) = (key(id, "registry", "new"), key(id, "variables as text", "team"));
    assert!(!restore(id, None, now), "nothing was left");
    assert_eq!(to_keep(id, now), None);
    let begun = sign_in("", "");
    keep_lasting(&form, Some((begun.clone(), sign_in("robot", "hunter2"))));
    keep(&other, Some("TOKEN=hunter2".to_owned()));
    let text = to_keep(id, now).unwrap().unwrap();
    assert!(text.contains("robot") && !text.contains("hunter2") && !text.contains("TOKEN"));
    is_written(id, Some(&text));
    assert_eq!(to_keep(id, now), None, "nothing has changed");

    start_anew();
    assert_eq!(to_keep(id, now), None, "what is there is not known yet");
    assert!(restore(id, Some(&text), now));
    assert!(is_of_before(&form) && !is_of_before(&other));
    let back = (begun.clone(), sign_in("robot", ""));
    assert_eq!(kept_lasting::<(SignIn, SignIn)>(&form), Some(back.clone()));
    keep_lasting(&form, Some(back));
    assert!(!is_of_before(&form), "it was opened");
    assert_eq!(to_keep(id, now), None, "and is as old as before");

    // Only a password is typed: of that nothing may be written.
    keep_lasting(&form, Some((begun.clone(), sign_in("", "hunter2"))));
    assert_eq!(to_keep(id, now), Some(None));
    is_written(id, None);
    keep_lasting(&form, Some((begun, sign_in("other", ""))));
    assert!(to_keep(id, now).is_some());
    forget(id);
    assert_eq!(to_keep(id, now), None, "nothing is there and nothing is to be");
}

/// FR-CON-08: what is typed before it is known what was left is newer and stays; what a sign-out has overtaken, another cluster's and
/// nonsense are not taken.
#[test]
fn what_is_newer_stays() {
    let (id, now) = (cluster(4), Utc::now());
    let form = key(id, "domain", 1);
    restore(id, None, now);
    keep_lasting(&form, Some((sign_in("", ""), sign_in("old", ""))));
    let text = to_keep(id, now).unwrap().unwrap();
    let left = || kept_lasting::<(SignIn, SignIn)>(&form).map(|(_, typed)| typed.name);

    start_anew();
    keep_lasting(&form, Some((sign_in("", ""), sign_in("new", ""))));
    assert!(!restore(id, Some(&text), now));
    assert_eq!(left().as_deref(), Some("new"));
    assert!(to_keep(id, now).is_some(), "it is written over the old one");

    start_anew();
    forget(id);
    assert!(!restore(id, Some(&text), now));
    assert_eq!(left(), None);
    assert_eq!(to_keep(id, now), Some(None), "it goes from the disk too");

    for nonsense in ["nonsense", "{\"version\": 99, \"drafts\": []}"] {
        start_anew();
        assert!(!restore(id, Some(nonsense), now));
        assert_eq!(to_keep(id, now), Some(None), "{nonsense}");
    }
    start_anew();
    assert!(!restore(cluster(5), Some(&text), now));
}

/// FR-CON-08, NFR-P9: what is on disk is bounded: what was typed a week ago goes, and of very much the oldest.
#[test]
fn old_and_many_drafts_go() {
    let (id, now) = (cluster(6), Utc::now());
    restore(id, None, now);
    for number in 0..3 {
        let long = (sign_in("", ""), sign_in(&"a".repeat(MOST_BYTES * 2 / 5), ""));
        keep_lasting(&key(id, "form", number), Some(long));
    }
    let text = to_keep(id, now).unwrap().unwrap();
    assert!(text.len() < MOST_BYTES + 1024 && text.len() > MOST_BYTES / 2);
    let later = now + TimeDelta::days(DAYS) + TimeDelta::minutes(1);
    start_anew();
    assert!(!restore(id, Some(&text), later));
    assert_eq!(to_keep(id, later), Some(None), "it goes from the disk too");
}

/// FR-IAM-05, FR-IAM-08: what an earlier start has left of another team is not shown for this one, and is there again with its own.
#[test]
fn what_another_team_has_left_stays_its_own() {
    let (id, now) = (cluster(7), Utc::now());
    let form = key(id, "registry", "new");
    restore(id, None, now);
    keep_lasting(&form, Some((sign_in("", ""), sign_in("robot", ""))));
    let text = to_keep(id, now).unwrap().unwrap();
    let team: TeamId = "00000000-0000-4000-8000-000000000009".parse().unwrap();
    let text = text.replacen("\"team\":null", &format!("\"team\":\"{team}\""), 1);
    let left = || kept_lasting::<(SignIn, SignIn)>(&form).map(|(_, typed)| typed.name);

    start_anew();
    assert!(restore(id, Some(&text), now));
    assert_eq!(left(), None);
    change_team(id, None, Some(team));
    assert_eq!(left().as_deref(), Some("robot"));
}
