//! What was changed of a service outside Slipway, as the setting that says exactly this. Pure.
//!
//! Only where a setting leads back to the very value that was found: what Docker can say more finely than the settings, and what has no
//! setting of its own or is secret, can only be put back.

use serde_json::Value;
use slipway_protocol::settings::{
    ApplicationSettings, CommandLine, MegaBytes, MilliCores, Replicas, RestartWhen,
};

/// One setting with what was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Adoptable {
    /// No task: the application is stopped, and keeps the number that it starts with.
    NoTasks,
    Tasks(Replicas),
    Command(Option<CommandLine>),
    Arguments(Option<CommandLine>),
    Memory(Option<MegaBytes>),
    ReservedMemory(Option<MegaBytes>),
    Processor(Option<MilliCores>),
    ReservedProcessor(Option<MilliCores>),
    Processes(Option<u32>),
    Restarts(RestartWhen),
    MostRestarts(Option<u32>),
}

/// Takes what was found, and is nothing where no setting says exactly that.
pub type Reader = fn(&Value) -> Option<Adoptable>;

impl Adoptable {
    pub fn tasks(found: &Value) -> Option<Self> {
        match found.as_u64()? {
            0 => Some(Self::NoTasks),
            count => Replicas::try_from(count).ok().map(Self::Tasks),
        }
    }

    pub fn command(found: &Value) -> Option<Self> {
        command(found).map(Self::Command)
    }

    pub fn arguments(found: &Value) -> Option<Self> {
        command(found).map(Self::Arguments)
    }

    pub fn memory(found: &Value) -> Option<Self> {
        amount(found, MEBIBYTE).map(Self::Memory)
    }

    pub fn reserved_memory(found: &Value) -> Option<Self> {
        amount(found, MEBIBYTE).map(Self::ReservedMemory)
    }

    pub fn processor(found: &Value) -> Option<Self> {
        amount(found, NANO_PER_MILLI).map(Self::Processor)
    }

    pub fn reserved_processor(found: &Value) -> Option<Self> {
        amount(found, NANO_PER_MILLI).map(Self::ReservedProcessor)
    }

    pub fn processes(found: &Value) -> Option<Self> {
        count(found).map(Self::Processes)
    }

    pub fn restarts(found: &Value) -> Option<Self> {
        let when = match found.as_str()? {
            "any" => RestartWhen::Always,
            "on-failure" => RestartWhen::OnFailure,
            "none" => RestartWhen::Never,
            _ => return None,
        };
        Some(Self::Restarts(when))
    }

    pub fn most_restarts(found: &Value) -> Option<Self> {
        count(found).map(Self::MostRestarts)
    }

    /// Writes it down. That there is no task is none of the settings.
    pub fn put(&self, settings: &mut ApplicationSettings) {
        let container = &mut settings.container;
        match self {
            Self::NoTasks => {}
            Self::Tasks(replicas) => settings.replicas = *replicas,
            Self::Command(command) => container.command.clone_from(command),
            Self::Arguments(arguments) => container.arguments.clone_from(arguments),
            Self::Memory(amount) => container.resources.memory = *amount,
            Self::ReservedMemory(amount) => container.resources.reserved_memory = *amount,
            Self::Processor(amount) => container.resources.cpu = *amount,
            Self::ReservedProcessor(amount) => container.resources.reserved_cpu = *amount,
            Self::Processes(most) => container.resources.processes = *most,
            Self::Restarts(when) => container.restart.when = *when,
            Self::MostRestarts(most) => container.restart.most = *most,
        }
    }
}

const MEBIBYTE: u64 = 1024 * 1024;
const NANO_PER_MILLI: u64 = 1_000_000;

/// None is an amount as well: that there is no limit.
fn amount<T: TryFrom<u64>>(found: &Value, unit: u64) -> Option<Option<T>> {
    if found.is_null() {
        return Some(None);
    }
    let number = found.as_u64()?;
    if !number.is_multiple_of(unit) {
        return None;
    }
    T::try_from(number / unit).ok().map(Some)
}

fn count(found: &Value) -> Option<Option<u32>> {
    amount(found, 1)
}

fn command(found: &Value) -> Option<Option<CommandLine>> {
    if found.is_null() {
        return Some(None);
    }
    let part = |part: &Value| part.as_str().map(str::to_owned);
    let parts: Option<Vec<String>> = found.as_array()?.iter().map(part).collect();
    CommandLine::try_from(parts?).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// FR-DEP-15: what the settings cannot say exactly is not taken over: parts of a unit, more than they allow, other words.
    #[test]
    fn only_what_is_exact_is_taken_over() {
        let mebibytes = |count: u64| Adoptable::memory(&json!(count * MEBIBYTE));
        assert_eq!(
            mebibytes(300),
            Some(Adoptable::Memory(MegaBytes::try_from(300).ok()))
        );
        assert_eq!(Adoptable::memory(&Value::Null), Some(Adoptable::Memory(None)));
        assert_eq!(Adoptable::memory(&json!(300_000_000)), None);
        assert_eq!(mebibytes(1), None, "less than the settings allow");
        assert_eq!(Adoptable::processor(&json!(1_500_000)), None);
        assert_eq!(
            Adoptable::processor(&json!(500_000_000)),
            Some(Adoptable::Processor(MilliCores::try_from(500).ok()))
        );
        assert_eq!(Adoptable::tasks(&json!(0)), Some(Adoptable::NoTasks));
        assert_eq!(Adoptable::tasks(&json!(51)), None);
        assert_eq!(Adoptable::restarts(&json!("sometimes")), None);
        assert_eq!(Adoptable::command(&json!(["", "a"])), None, "no program");
        let arguments = CommandLine::try_from(vec!["a".to_owned(), String::new()]).ok();
        assert_eq!(
            Adoptable::arguments(&json!(["a", ""])),
            Some(Adoptable::Arguments(arguments))
        );
    }
}
