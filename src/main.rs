//! The `ngxlint` program: parses arguments, calls the library, sets the exit status.

fn main() {}
