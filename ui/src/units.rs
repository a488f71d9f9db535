//! Amounts as people write them: “256 MiB”, “0.5”, “2 min”. Pure; what is set is written here and read back by the same module. What is
//! measured is only written.

use slipway_protocol::settings::{CommandLimit, MegaBytes, MilliCores, Percent, Port, Replicas, Seconds};

use crate::text;

const MIB_OF_GIB: u64 = 1024;

/// An amount that has a text for people.
pub trait Amount: Sized {
    fn read(text: &str) -> Result<Self, String>;
    fn write(&self) -> String;
}

/// “256 MiB”, “1.5 GiB”.
pub fn memory(mib: u64) -> String {
    let tenths = mib * 10;
    if mib >= MIB_OF_GIB && tenths.is_multiple_of(MIB_OF_GIB) {
        decimal(tenths / MIB_OF_GIB, 10) + " GiB"
    } else {
        format!("{mib} MiB")
    }
}

/// “0.5”, “2”.
pub fn cores(thousandths: u64) -> String {
    decimal(thousandths, 1_000)
}

/// “30 s”, “2 min”, “1 h”.
pub fn seconds(count: u64) -> String {
    match count {
        0 => "0 s".to_owned(),
        _ if count.is_multiple_of(3_600) => format!("{} h", count / 3_600),
        _ if count.is_multiple_of(60) => format!("{} min", count / 60),
        _ => format!("{count} s"),
    }
}

impl Amount for MegaBytes {
    fn read(text: &str) -> Result<Self, String> {
        const HOW: &str = "Memory is written like 256 MiB or 1.5 GiB";
        let (number, unit) = split(text);
        // As Docker takes them: what is called MB is a MiB there.
        let factor = match unit.as_str() {
            "" | "m" | "mb" | "mib" => 1,
            "g" | "gb" | "gib" => MIB_OF_GIB,
            _ => return Err(HOW.to_owned()),
        };
        let mib = scaled(number, factor).ok_or(HOW)?;
        Self::try_from(mib).map_err(sentence)
    }

    fn write(&self) -> String {
        memory(u64::from(self.get()))
    }
}

impl Amount for MilliCores {
    fn read(text: &str) -> Result<Self, String> {
        const HOW: &str = "Processor is written in cores, like 0.5 or 2";
        let thousandths = scaled(text.trim(), 1_000).ok_or(HOW)?;
        Self::try_from(thousandths).map_err(|_| "A task gets from 0.01 to 1024 cores".to_owned())
    }

    fn write(&self) -> String {
        cores(u64::from(self.get()))
    }
}

/// A time in seconds.
fn read_seconds(text: &str) -> Result<u64, String> {
    const HOW: &str = "A time is written like 30 s, 2 min or 1 h";
    let (number, unit) = split(text);
    let factor = match unit.as_str() {
        "" | "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        _ => return Err(HOW.to_owned()),
    };
    scaled(number, factor).ok_or_else(|| HOW.to_owned())
}

impl Amount for CommandLimit {
    fn read(text: &str) -> Result<Self, String> {
        Self::try_from(read_seconds(text)?).map_err(|_| "It is a time from 1 s to 24 h".to_owned())
    }

    fn write(&self) -> String {
        seconds(u64::from(self.get()))
    }
}

impl Amount for Seconds {
    fn read(text: &str) -> Result<Self, String> {
        Self::try_from(read_seconds(text)?).map_err(|_| "A time is at most 1 h".to_owned())
    }

    fn write(&self) -> String {
        seconds(u64::from(self.get()))
    }
}

impl Amount for Percent {
    fn read(text: &str) -> Result<Self, String> {
        whole(
            text.trim().trim_end_matches('%').trim_end(),
            "A share is a number from 1 to 100",
        )
    }

    fn write(&self) -> String {
        format!("{} %", self.get())
    }
}

impl Amount for Port {
    fn read(text: &str) -> Result<Self, String> {
        whole(text, "A port is a number from 1 to 65535")
    }

    fn write(&self) -> String {
        self.get().to_string()
    }
}

impl Amount for Replicas {
    fn read(text: &str) -> Result<Self, String> {
        whole(text, "Replicas are a number from 1 to 50")
    }

    fn write(&self) -> String {
        self.get().to_string()
    }
}

macro_rules! plain_number {
    ($($type:ty),*) => {$(
        impl Amount for $type {
            fn read(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|_| format!("It is a whole number of at most {}", <$type>::MAX))
            }

            fn write(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
plain_number!(u16, u32, u64);

fn whole<T: TryFrom<u64>>(text: &str, how: &str) -> Result<T, String> {
    let number: u64 = text.trim().parse().map_err(|_| how.to_owned())?;
    T::try_from(number).map_err(|_| how.to_owned())
}

/// The number and the unit behind it, in lower case.
fn split(text: &str) -> (&str, String) {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim().to_lowercase())
}

/// A decimal number times a factor, if that is whole; without the rounding of floating point.
fn scaled(text: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 6)?;
    if whole.is_empty() || !format!("{whole}{fraction}").chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let number: u64 = format!("{whole}{fraction}").parse().ok()?;
    let one = 10_u64.pow(digits);
    let scaled = number.checked_mul(factor)?;
    scaled.is_multiple_of(one).then_some(scaled / one)
}

/// `number / parts`, with as many decimals as it needs.
fn decimal(number: u64, parts: u64) -> String {
    let (whole, rest) = (number / parts, number % parts);
    if rest == 0 {
        return whole.to_string();
    }
    let width = parts.to_string().len() - 1;
    format!("{whole}.{rest:0width$}").trim_end_matches('0').to_owned()
}

fn sentence(refusal: &str) -> String {
    let mut letters = refusal.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a measured amount is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Cores,
    /// Bytes, as limits of memory are written.
    Memory,
    /// Bytes, as disks are sold.
    Disk,
    /// Bytes a second.
    Network,
    /// A second.
    Rate,
    Milliseconds,
    Percent,
    /// A number of processes.
    Load,
}

impl Unit {
    /// “0.24 cores”, “81.5 MiB”, “1.2 kB/s”, “431/s”.
    pub fn write(self, value: f64) -> String {
        match self {
            Self::Cores => format!("{} cores", short(value)),
            Self::Memory => binary(value),
            Self::Disk => text::bytes(whole_bytes(value)),
            Self::Network => format!("{}/s", text::bytes(whole_bytes(value))),
            Self::Rate => format!("{}/s", short(value)),
            Self::Milliseconds => text::milliseconds(value),
            Self::Percent => format!("{} %", short(value)),
            Self::Load => short(value),
        }
    }

    /// The same beside an axis, where the title says what it is of.
    pub fn mark(self, value: f64) -> String {
        match self {
            Self::Cores | Self::Rate | Self::Load => short(value),
            Self::Milliseconds => format!("{} ms", short(value)),
            Self::Memory | Self::Disk | Self::Network | Self::Percent => self.write(value),
        }
    }

    /// Its round amounts are powers of two.
    pub fn is_binary(self) -> bool {
        self == Self::Memory
    }
}

/// “81.5 MiB”, “1.5 GiB”.
fn binary(bytes: f64) -> String {
    let (mut value, mut unit) = (bytes, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1_023.5 {
            break;
        }
        value /= 1_024.0;
        unit = larger;
    }
    format!("{} {unit}", short(value))
}

fn whole_bytes(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

/// Three digits, or all that stand before the point; no zeros behind it.
fn short(value: f64) -> String {
    // Nothing has no sign.
    let value = if value == 0.0 { 0.0 } else { value };
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        0.1.. => 2,
        0.01.. => 3,
        // Two marks of an axis must not read the same.
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again<T: Amount>(text: &str) -> Result<String, String> {
        T::read(text).map(|value| value.write())
    }

    /// FR-DEP-12, NFR-U2: amounts are typed and shown with units.
    #[test]
    fn amounts_have_units() {
        assert_eq!(again::<MegaBytes>("256").unwrap(), "256 MiB");
        assert_eq!(again::<MegaBytes>("1.5 GB").unwrap(), "1.5 GiB");
        assert_eq!(again::<MegaBytes>("2g").unwrap(), "2 GiB");
        assert_eq!(again::<MilliCores>("0.25").unwrap(), "0.25");
        assert_eq!(again::<MilliCores>("2").unwrap(), "2");
        assert_eq!(again::<Seconds>("90").unwrap(), "90 s");
        assert_eq!(again::<Seconds>("2 min").unwrap(), "2 min");
        assert_eq!(again::<Seconds>("1h").unwrap(), "1 h");
        assert_eq!(again::<Percent>("5 %").unwrap(), "5 %");
    }

    /// NFR-S2, NFR-U2: what is no amount is refused with how to write one.
    #[test]
    fn nonsense_is_refused() {
        for bad in ["", "lots", "1.2.3", "-5", "3 TB", "1"] {
            let said = MegaBytes::read(bad).unwrap_err();
            assert!(
                said.starts_with("Memory") || said.starts_with("An amount"),
                "{said}"
            );
        }
        assert!(Seconds::read("2 h").unwrap_err().contains("at most"));
        assert!(MilliCores::read("0.0001").is_err() && MilliCores::read("0,5").is_err());
        assert!(Port::read("0").is_err() && Replicas::read("51").is_err() && u16::read("70000").is_err());
    }

    /// FR-DEP-12: whatever an amount is, its text leads back to it.
    #[test]
    fn what_is_written_is_read_back() {
        for mib in [4, 100, 1_000, 1_024, 1_536, 2_048, 10_240, 123_456] {
            let value = MegaBytes::try_from(mib).unwrap();
            assert_eq!(MegaBytes::read(&value.write()), Ok(value));
        }
        for milli in [10, 250, 1_000, 1_001, 12_340] {
            let value = MilliCores::try_from(milli).unwrap();
            assert_eq!(MilliCores::read(&value.write()), Ok(value));
        }
        for count in [0, 1, 59, 60, 90, 3_600] {
            let value = Seconds::try_from(count).unwrap();
            assert_eq!(Seconds::read(&value.write()), Ok(value));
        }
    }

    /// FR-OBS-03, NFR-U2: what is measured has its unit, and no more digits than can be read at a glance.
    #[test]
    fn what_is_measured_has_units() {
        assert_eq!(Unit::Cores.write(0.2449), "0.24 cores");
        assert_eq!(Unit::Cores.mark(0.5), "0.5");
        assert_eq!(
            (Unit::Cores.mark(0.0005), Unit::Cores.mark(0.001)),
            ("0.0005".to_owned(), "0.001".to_owned())
        );
        assert_eq!(Unit::Memory.write(85_458_944.0), "81.5 MiB");
        assert_eq!(Unit::Memory.write(268_435_456.0), "256 MiB");
        assert_eq!(Unit::Memory.write(0.0), "0 B");
        assert_eq!(Unit::Disk.write(61_000_000_000.0), "61 GB");
        assert_eq!(Unit::Network.write(1_240.0), "1.2 kB/s");
        assert_eq!(Unit::Rate.write(431.2), "431/s");
        assert_eq!(Unit::Rate.write(0.004), "0.004/s");
        assert_eq!(Unit::Milliseconds.write(38.2), "38 ms");
        assert_eq!(Unit::Milliseconds.mark(40.0), "40 ms");
        assert_eq!(Unit::Percent.write(12.34), "12.3 %");
        assert_eq!(Unit::Load.write(-0.0), "0");
        assert_eq!(Unit::Network.write(f64::NAN), "0 B/s");
    }
}
