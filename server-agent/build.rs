//! The program holds the migrations; a new one is a reason to build it again.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
