//! What is done one after the other: releases of every temper, one in ten that fails, one in ten that goes back.

use slipway_protocol::settings::HealthCheck;

/// How a good release behaves. Its version ends with the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// Finishes what it has begun when it is asked to end.
    Polite,
    /// Is gone at once when it is asked to end.
    Dies,
    /// Does not listen when it is asked to end, and is killed.
    Ignores,
    /// Takes 20 s to start.
    Slow,
    /// Says at every other health check that it is ill.
    Flaps,
    /// Sends 1 MiB/s of events.
    Heavy,
}

impl Temper {
    const ALL: [Self; 6] = [
        Self::Polite,
        Self::Dies,
        Self::Ignores,
        Self::Slow,
        Self::Flaps,
        Self::Heavy,
    ];

    /// As it stands in the application's file `/mode`.
    pub fn mode(self) -> &'static str {
        match self {
            Self::Polite => "",
            Self::Dies => "dies",
            Self::Ignores => "ignores",
            Self::Slow => "slow 20",
            Self::Flaps => "flaps",
            Self::Heavy => "heavy",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Polite => "polite",
            Self::Dies => "dies",
            Self::Ignores => "ignores",
            Self::Slow => "slow",
            Self::Flaps => "flaps",
            Self::Heavy => "heavy",
        }
    }

    /// Whether a release of this version breaks its streams off when its time is over.
    pub fn breaks_off(version: &str) -> bool {
        [Self::Dies, Self::Ignores]
            .iter()
            .any(|temper| version.ends_with(temper.name()))
    }
}

/// How a release fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Crashes,
    /// Answers every health check with 503.
    Sick,
    /// Is healthy, and crashes after 3 s.
    Falls,
    CannotBeBuilt,
    ListensElsewhere,
}

impl Flaw {
    const ALL: [Self; 5] = [
        Self::Falls,
        Self::Crashes,
        Self::Sick,
        Self::CannotBeBuilt,
        Self::ListensElsewhere,
    ];

    /// As it stands in `/mode`; none where there is nothing to run.
    pub fn mode(self) -> Option<&'static str> {
        match self {
            Self::Crashes => Some("crash"),
            Self::Sick => Some("sick"),
            Self::Falls => Some("falls 3"),
            Self::CannotBeBuilt => None,
            Self::ListensElsewhere => Some("port 3000"),
        }
    }

    /// Only a gate that watches for a while sees that a healthy release falls.
    pub fn watch(self) -> u64 {
        match self {
            Self::Falls => 10,
            Self::Crashes | Self::Sick | Self::CannotBeBuilt | Self::ListensElsewhere => 0,
        }
    }
}

/// The health check of them all.
pub fn health() -> HealthCheck {
    HealthCheck::http("/healthy".parse().expect("a path"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Release(Temper),
    Fail(Flaw),
    /// To the release before the one that serves.
    GoBack,
}

/// The deployment of that number, from 1.
pub fn act(number: u32) -> Act {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    match (number / 10, number % 10) {
        (round, 5) => Act::Fail(Flaw::ALL[round % Flaw::ALL.len()]),
        (_, 0) => Act::GoBack,
        // Eight in each ten are good: the tempers go round.
        (round, digit) => {
            let good = round * 8 + digit - usize::from(digit > 5);
            Act::Release(Temper::ALL[good % Temper::ALL.len()])
        }
    }
}
