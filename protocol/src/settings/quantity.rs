//! Numbers with their units and bounds, parsed once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident: $inner:ty, $low:literal ..= $high:literal, $refusal:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
        #[serde(try_from = "u64", into = "u64")]
        pub struct $name($inner);

        impl $name {
            pub fn get(self) -> $inner {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = &'static str;
            fn try_from(number: u64) -> Result<Self, Self::Error> {
                if ($low..=$high).contains(&number) {
                    <$inner>::try_from(number).map(Self).map_err(|_| $refusal)
                } else {
                    Err($refusal)
                }
            }
        }

        impl From<$name> for u64 {
            fn from(value: $name) -> u64 {
                u64::from(value.0)
            }
        }
    };
}

quantity! {
    /// A TCP or UDP port, 1 to 65535.
    Port: u16, 1..=65535, "a port is a number from 1 to 65535"
}
quantity! {
    /// How many tasks run at once: 1 to 50.
    Replicas: u16, 1..=50, "replicas are a number from 1 to 50"
}
quantity! {
    /// A share of 100.
    Percent: u8, 1..=100, "a share is a number from 1 to 100"
}
quantity! {
    /// A time in seconds, up to an hour.
    Seconds: u16, 0..=3600, "a time is a number of seconds from 0 to 3600"
}
quantity! {
    /// Memory in mebibytes: 4 MiB to 16 TiB.
    MegaBytes: u32, 4..=16_777_216, "an amount of memory is a number of MiB from 4 to 16777216"
}
quantity! {
    /// Thousandths of a processor core: 10 to 1,024,000.
    MilliCores: u32, 10..=1_024_000, "an amount of processor is a number of thousandths of a core from 10 to 1024000"
}

quantity! {
    /// How long a command may take, in seconds: up to a day.
    CommandLimit: u32, 1..=86_400, "a command may take from 1 second to 86400 seconds, which is a day"
}

impl Default for CommandLimit {
    /// An hour.
    fn default() -> Self {
        Self(3600)
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Self(1)
    }
}

impl Port {
    /// A port that this program names itself. `number` is not 0.
    pub const fn fixed(number: u16) -> Self {
        Self(number)
    }
}

impl Percent {
    /// A share that this program names itself, of 1 to 100.
    pub const fn fixed(number: u8) -> Self {
        Self(number)
    }
}

impl Seconds {
    /// A time that this program names itself, of at most 3600.
    pub const fn fixed(number: u16) -> Self {
        Self(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-12, NFR-S2: a number outside its bounds is refused with a sentence, at the edge.
    #[test]
    fn bounds_hold() {
        assert!(Port::try_from(0).is_err() && Port::try_from(65_536).is_err());
        assert!(Replicas::try_from(51).is_err());
        assert_eq!(serde_json::from_str::<Port>("8080").unwrap().get(), 8080);
        assert!(serde_json::from_str::<Port>("-1").is_err());
        assert!(serde_json::from_str::<MegaBytes>("1e309").is_err());
    }
}
