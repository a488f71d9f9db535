//! What of a draft reaches the node in a field that has other uses too: the agent takes it only from those who may set that, so it is
//! refused here already, in its place. Fields that always reach the node are locked for everybody else.

use super::draft::Draft;
use super::reader::Errors;
use super::{build, security, source};

const NEEDS: &str = "needs the role admin or owner; ask one of them";

/// What somebody without that right cannot save, by field. What is stored already may stay, and may not go either.
pub fn refused(now: &Draft, stored: &Draft) -> Errors {
    let mut refused = Errors::new();
    let (typed, before) = (source::on_the_server(now), source::on_the_server(stored));
    if typed != before {
        let what = match typed {
            Some(_) => "A repository on the server itself",
            None => "Leaving the repository on the server itself",
        };
        refused.insert(source::address_field(now), format!("{what} {NEEDS}."));
    }
    let (typed, before) = (build::on_the_server(now), build::on_the_server(stored));
    if typed != before {
        let what = match typed {
            Some(_) => "A builder that is a program on the server",
            None => "Leaving the builder that is a program on the server",
        };
        refused.insert(build::KIND, format!("{what} {NEEDS}."));
    }
    if security::of_the_node(now) != security::of_the_node(stored) {
        let what = "Giving or taking SYS_TIME or SYS_NICE, which concern the whole node,";
        refused.insert(security::ADD, format!("{what} {NEEDS}."));
    }
    refused
}
