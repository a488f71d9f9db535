//! PHP behind Apache, in the official image; Composer brings the dependencies.

use serde_json::Value;

use super::super::Refusal;
use super::super::bases::{Base, Bases};
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::Files;
use super::super::range::choose;
use super::super::recipe::Recipe;
use super::super::word::Version;
use super::{Folder, said};

const KNOWN: [&str; 5] = ["8.4", "8.3", "8.2", "8.1", "8.0"];
const IGNORED: [&str; 4] = ["**/.git", "**/node_modules", "vendor", "**/.DS_Store"];

/// Extensions that are not in the image, and Debian's packages that they are compiled with.
const EXTENSIONS: [(&str, &[&str]); 11] = [
    ("bcmath", &[]),
    ("exif", &[]),
    ("gd", &["libpng-dev", "libjpeg-dev"]),
    ("gmp", &["libgmp-dev"]),
    ("intl", &["libicu-dev"]),
    ("mysqli", &[]),
    ("pcntl", &[]),
    ("pdo_mysql", &[]),
    ("pdo_pgsql", &["libpq-dev"]),
    ("soap", &["libxml2-dev"]),
    ("zip", &["libzip-dev"]),
];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let composer = files.read("composer.json");
    let top = files.has("index.php");
    let public = files.has("public/index.php");
    if !top && !public {
        return None;
    }
    let manifest: Value = composer
        .as_deref()
        .map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_default());
    let laravel = files.has("artisan");
    let range = manifest["require"]["php"].as_str();
    let version = range
        .and_then(|range| choose(range, &KNOWN))
        .and_then(|version| Version::parse(version, 2));
    let image = folder.bases.image(Base::Php, version.as_ref());
    let extensions: Vec<_> = EXTENSIONS
        .iter()
        .filter(|(name, _)| wants(&manifest, laravel, name))
        .collect();
    let written = write(
        folder.bases,
        files,
        composer.is_some(),
        public,
        &image,
        &extensions,
        folder.web.as_deref(),
    );
    let found = [
        if public { "public/index.php" } else { "index.php" },
        if laravel {
            "Laravel's artisan"
        } else if composer.is_some() {
            "composer.json"
        } else {
            "no composer.json"
        },
    ];
    let therefore = format!("PHP behind Apache, on {image}");
    Some(Ok(Recipe::written(written, said(&found, therefore), &IGNORED)))
}

fn wants(manifest: &Value, laravel: bool, name: &str) -> bool {
    let named = manifest["require"][format!("ext-{name}")].is_string();
    named || (laravel && matches!(name, "pdo_mysql" | "pdo_pgsql" | "bcmath" | "zip"))
}

fn write(
    bases: &Bases,
    files: &dyn Files,
    composer: bool,
    public: bool,
    image: &str,
    extensions: &[&(&'static str, &'static [&'static str])],
    web: Option<&str>,
) -> Dockerfile {
    let mut packages: Vec<&'static str> = extensions
        .iter()
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    if composer {
        packages.extend(["git", "unzip"]);
    }
    let mut written = Dockerfile::default();
    if composer {
        written.from(&bases.image(Base::Composer, None), Some("composer"));
    }
    written.from(image, None).debian(&packages);
    for (name, _) in extensions {
        if let Some(word) = super::super::word::Word::parse(name) {
            written.with("RUN docker-php-ext-install {}", &[&word]);
        }
    }
    written
        // Apache knows variables of its environment: the port is put in at its start.
        .line("RUN sed -i 's/^Listen 80$/Listen ${PORT}/' /etc/apache2/ports.conf && sed -i 's/:80>/:${PORT}>/' /etc/apache2/sites-available/000-default.conf && a2enmod rewrite headers && mv \"$PHP_INI_DIR/php.ini-production\" \"$PHP_INI_DIR/php.ini\" && chown -R 10001:10001 /var/run/apache2 /var/log/apache2")
        .line_if(public, "RUN sed -i 's!/var/www/html!/var/www/html/public!' /etc/apache2/sites-available/000-default.conf")
        .line("ENV PORT=8080 APACHE_RUN_USER=#10001 APACHE_RUN_GROUP=#10001")
        .line("WORKDIR /var/www/html");
    if composer {
        written
            .line("COPY --from=composer /usr/bin/composer /usr/bin/composer")
            .line("ENV COMPOSER_ALLOW_SUPERUSER=1")
            .copy(if files.has("composer.lock") { &["composer.json", "composer.lock"] } else { &["composer.json"] })
            .line("RUN composer install --no-dev --no-interaction --no-progress --no-scripts --no-autoloader --prefer-dist")
            .line("COPY --chown=10001:10001 . .")
            .line("RUN composer dump-autoload --no-dev --optimize --no-scripts && chown -R 10001:10001 vendor");
    } else {
        written.line("COPY --chown=10001:10001 . .");
    }
    let start = match web {
        Some(line) => Start::line(line),
        None => Start::program(&["apache2-foreground"]),
    };
    written.run_as_user(&start);
    written
}
