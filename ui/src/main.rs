//! The Yew pages in the desktop app's window. It begins in [`app`]; everything that is known comes through [`shell`].

mod app;
mod browser;
mod components;
#[cfg(test)]
mod contrast;
mod frame;
mod pages;
mod route;
mod shell;
mod state;
mod text;

fn main() {
    yew::Renderer::<app::App>::new().render();
}
