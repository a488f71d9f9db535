//! What an entry says where the person's role does not allow it.

use slipway_protocol::Role;

use crate::palette::entry::Entry;
use crate::palette::known::Catalogue;
use crate::rights;
use crate::route::Page;

pub const DEVELOPER: &str = "needs the role developer or above";
pub const ADMIN: &str = "needs the role admin or owner";
pub const OWNER: &str = "needs the role owner";

/// What a page needs that the role does not have.
pub fn page_refused(catalogue: Option<&Catalogue>, page: Page) -> Option<&'static str> {
    let (resource, action) = rights::of_page(page)?;
    if catalogue.is_none_or(|one| one.may(resource, action)) {
        return None;
    }
    let lowest = Role::ALL.into_iter().find(|role| role.allows(resource, action));
    Some(match lowest {
        Some(Role::Viewer | Role::Developer) => DEVELOPER,
        Some(Role::Admin) => ADMIN,
        Some(Role::Owner) | None => OWNER,
    })
}

pub fn refused_unless(entry: Entry, may: bool, needs: &'static str) -> Entry {
    Entry {
        refused: (!may).then_some(needs),
        ..entry
    }
}
