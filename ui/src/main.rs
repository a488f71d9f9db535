//! The Yew pages in the desktop app's window. It begins in [`app`]; everything that is known comes through [`shell`].

mod app;
mod browser;
mod components;
#[cfg(test)]
mod contrast;
#[cfg(test)]
mod every_page;
mod fingerprint;
mod frame;
mod keys;
mod line_ends;
#[cfg(test)]
mod motion;
mod pages;
mod palette;
mod rights;
mod route;
mod setting_words;
mod shell;
mod state;
mod tag_words;
mod text;
mod units;
mod visible;

fn main() {
    state::last_page::begin();
    yew::Renderer::<app::App>::new().render();
}
