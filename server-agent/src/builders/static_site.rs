//! A static site: files behind nginx, without root, on the application's port.

use super::Refusal;
use super::bases::{Base, Bases};
use super::dockerfile::{Dockerfile, Start};
use super::files::Files;
use super::recipe::Recipe;
use super::word::Word;

const CONFIGURATION: &str = include_str!("nginx.conf");
const NAME: &str = "nginx.conf";
/// What no visitor wants.
const IGNORED: [&str; 3] = ["**/.git", "**/node_modules", "**/.DS_Store"];

/// A file that is missing is missing.
const PLAIN: &str = "location / {\n            try_files $uri $uri.html $uri/ =404;\n        }";
/// A path that names no file belongs to the router in the browser. A missing script or picture stays missing: a page in its
/// place would be an error that is hard to find.
const FALLBACK: &str = "location ~* \\.(?:js|mjs|css|map|json|xml|txt|wasm|png|jpe?g|gif|svg|ico|webp|avif|mp4|webm|woff2?|ttf|otf|pdf)$ {\n            try_files $uri =404;\n        }\n        location / {\n            try_files $uri $uri.html $uri/index.html /index.html;\n        }";

/// The files of the folder as they are.
pub fn of_folder(files: &(impl Files + ?Sized), bases: &Bases, fallback: bool) -> Result<Recipe, Refusal> {
    if !files.has("index.html") {
        return Err(Refusal::NoIndex);
    }
    let served = if fallback {
        ", and /index.html where there is no such file"
    } else {
        ""
    };
    let mut written = Dockerfile::default();
    server(&mut written, bases);
    written.line("COPY . /srv/www");
    end(&mut written);
    let said = vec![format!(
        "Found index.html: a static site. nginx serves its files{served}"
    )];
    let page = files.has("404.html");
    Ok(Recipe::written(written, said, &IGNORED).with_file(NAME, configuration(fallback, page)))
}

/// The last stage of a site that a stage `build` has put into this folder below `/app`.
pub fn of_stage(
    mut written: Dockerfile,
    bases: &Bases,
    output: &Word,
    said: Vec<String>,
    ignored: &[&'static str],
) -> Recipe {
    server(&mut written, bases);
    written.with("COPY --from=build /app/{}/ /srv/www/", &[output]);
    end(&mut written);
    Recipe::written(written, said, ignored).with_file(NAME, configuration(true, false))
}

fn server(written: &mut Dockerfile, bases: &Bases) {
    written
        .from(&bases.image(Base::Static, None), None)
        .line("ENTRYPOINT []")
        .line("COPY .slipway/nginx.conf /etc/slipway/nginx.conf");
}

fn end(written: &mut Dockerfile) {
    // nginx reads no variables, so the port is put into a copy.
    written.run_as_user(&Start::line(
        "sed \"s/@PORT@/${PORT:-8080}/\" /etc/slipway/nginx.conf > /tmp/nginx.conf && exec nginx -e /dev/stderr -c /tmp/nginx.conf",
    ));
}

fn configuration(fallback: bool, own_page: bool) -> String {
    let not_found = if own_page && !fallback {
        "error_page 404 /404.html;"
    } else {
        ""
    };
    CONFIGURATION
        .replace("@NOT_FOUND@", not_found)
        .replace("@FALLBACK@", if fallback { FALLBACK } else { PLAIN })
}

#[cfg(test)]
mod tests {
    use super::super::files::in_memory::InMemory;
    use super::*;

    /// FR-BLD-02: a folder with an index.html becomes a site; one without says what is missing.
    #[test]
    fn a_folder_becomes_a_site() {
        let site = InMemory::of(&[("index.html", "<p>"), ("404.html", "gone")]);
        let recipe = of_folder(&site, &Bases::default(), false).unwrap();
        let text = recipe.text().unwrap();
        assert!(
            text.starts_with("FROM nginx:stable\n") && text.contains("\nUSER 10001:10001\n"),
            "{text}"
        );
        let configured = &recipe.added[1];
        assert!(
            configured.text.contains("error_page 404 /404.html") && !configured.text.contains("/index.html;")
        );
        let routed = of_folder(&site, &Bases::default(), true).unwrap();
        assert!(
            routed.added[1].text.contains("/index.html;") && !routed.added[1].text.contains("error_page")
        );
        let nothing = of_folder(&InMemory::of(&[]), &Bases::default(), false);
        assert_eq!(nothing.err(), Some(Refusal::NoIndex));
    }
}
