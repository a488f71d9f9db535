//! Java and Kotlin: one jar, by Maven or Gradle.

use regex::Regex;

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::{Files, first};
use super::super::recipe::Recipe;
use super::super::word::Version;
use super::{Folder, said};

const IGNORED: [&str; 5] = ["**/.git", "**/target", "**/build", "**/.gradle", "**/.DS_Store"];

/// Frameworks take the port from a property; each knows its own and lets the others be.
const START: &str = "exec java -XX:MaxRAMPercentage=75 -Dserver.port=$PORT -Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=$PORT -Dmicronaut.server.port=$PORT -jar /app/app.jar";

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let gradle = first(files, &["build.gradle.kts", "build.gradle"]);
    let found = if files.has("pom.xml") { "pom.xml" } else { gradle? };
    let version = version(files, found);
    let (tool, name) = if found == "pom.xml" {
        (Base::Maven, "Maven")
    } else {
        (Base::Gradle, "Gradle")
    };
    let image = folder.bases.image(tool, version.as_ref());
    let runtime = folder.bases.image(Base::Java, version.as_ref());
    let mut written = Dockerfile::default();
    written.from(&image, Some("build")).line("WORKDIR /src");
    if found == "pom.xml" {
        maven(&mut written, files);
    } else {
        written
            .line("COPY . .")
            .line(if files.has("gradle/wrapper/gradle-wrapper.jar") {
                "RUN chmod +x gradlew && ./gradlew --no-daemon build -x test"
            } else {
                "RUN gradle --no-daemon build -x test"
            })
            .line("RUN mkdir /out && cp \"$(ls -S build/libs/*.jar | grep -v -e '-plain.jar$' -e '-sources.jar$' -e '-javadoc.jar$' | head -n 1)\" /out/app.jar");
    }
    let start = folder.web.clone().map_or_else(|| Start::line(START), Start::line);
    written
        .from(&runtime, None)
        .line("WORKDIR /app")
        .line("COPY --from=build /out/ /app/")
        .run_as_user(&start);
    let therefore = format!("Java with {name}, on {image}; it runs on {runtime}");
    Some(Ok(Recipe::written(written, said(&[found], therefore), &IGNORED)))
}

fn maven(written: &mut Dockerfile, files: &dyn Files) {
    let pom = files.read("pom.xml").unwrap_or_default();
    // The modules' own manifests would be needed too.
    if !pom.contains("<modules>") {
        written
            .copy(&["pom.xml"])
            .line("RUN mvn --batch-mode --no-transfer-progress dependency:go-offline");
    }
    written
        .line("COPY . .")
        .line("RUN mvn --batch-mode --no-transfer-progress -DskipTests package");
    if pom.contains("quarkus") {
        // Quarkus' jar looks for its libraries beside itself.
        written.line(
            "RUN mkdir /out && cp -r target/quarkus-app/. /out/ && mv /out/quarkus-run.jar /out/app.jar",
        );
    } else {
        written.line("RUN mkdir /out && cp \"$(ls -S target/*.jar | grep -v -e '-sources.jar$' -e '-javadoc.jar$' -e '/original-' | head -n 1)\" /out/app.jar");
    }
}

fn version(files: &dyn Files, manifest: &str) -> Option<Version> {
    if let Some(text) = files.read("system.properties") {
        let named = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("java.runtime.version="));
        if let Some(version) = named.and_then(|text| Version::parse(text, 1)) {
            return Some(version);
        }
    }
    let patterns = [
        r"<java\.version>\s*(\d+)",
        r"<maven\.compiler\.release>\s*(\d+)",
        r"<maven\.compiler\.(?:source|target)>\s*(\d+)",
        r"JavaLanguageVersion\.of\((\d+)\)",
        r"JavaVersion\.VERSION_(\d+)",
        r"jvmToolchain\((\d+)\)",
        r#"sourceCompatibility\s*=\s*['"]?(\d+)"#,
    ];
    let text = files.read(manifest)?;
    let found = patterns.iter().find_map(|pattern| {
        let number = Regex::new(pattern)
            .ok()?
            .captures(&text)?
            .get(1)?
            .as_str()
            .to_owned();
        Version::parse(&number, 1)
    })?;
    // Images exist for the versions with long support; what an older one compiles, 8 compiles too.
    let number: u32 = found.as_str().parse().ok()?;
    let image = [8, 11, 17, 21, 25].into_iter().find(|known| *known >= number)?;
    Version::parse(&image.to_string(), 1)
}
