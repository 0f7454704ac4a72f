//! Comments that `--add-ignore` writes: nginx says what it said before.

use std::path::Path;
use std::process::Command;

use crate::real::{self, Nginx};

/// What is said, whatever the lines, times and processes are.
fn said(nginx: &Nginx, root: &Path) -> (bool, String) {
    let verdict = nginx.test(root);
    let digits = |char: char| if char.is_ascii_digit() { '0' } else { char };
    let words = verdict.text.split_whitespace().map(|word| word.chars().map(digits).collect::<String>());
    let words = words.map(|word| word.replace("00", "0").replace("00", "0").replace("00", "0"));
    (verdict.is_accepted, words.collect::<Vec<_>>().join(" "))
}

fn check(root: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let now = ["check", "--now", "2026-06-01T00:00:00Z"];
    let output = Command::new(env!("CARGO_BIN_EXE_ngxlint")).args(now).args(arguments).arg(root).output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn comments_for_all_findings_of_the_stories_leave_nginx_its_verdict() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for nginx in real::all() {
        let folder = tempfile::tempdir().unwrap();
        let copied = Command::new("cp").args(["-rp"]).arg(&fixtures).arg(folder.path()).status().unwrap();
        assert!(copied.success());
        let mut stories: Vec<_> = std::fs::read_dir(folder.path().join("fixtures/stories"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        stories.sort();
        let roots = stories.iter().map(|story| story.join("bad/nginx.conf"));
        let (mut accepted, mut refused) = (0, 0);
        for root in roots.chain([folder.path().join("fixtures/shop/nginx.conf")]) {
            let text = std::fs::read_to_string(&root).unwrap();
            let modules = [("\nstream {", nginx.loads_stream()), ("\nmail {", nginx.loads_mail())];
            let modules = modules.into_iter().filter(|(block, _)| format!("\n{text}").contains(block));
            // A module that this nginx lacks makes it refuse the file, before and after.
            let modules: String = modules.filter_map(|(_, line)| line).collect();
            std::fs::write(&root, modules + &text).unwrap();
            let before = said(nginx, &root);
            let (status, output) = check(&root, &["--add-ignore", "it's \"known\"; since { 2026 }"]);
            assert_eq!(status, Some(0), "{}: {output}", root.display());
            assert_eq!(said(nginx, &root), before, "{} {}", nginx.version, root.display());
            let (status, output) = check(&root, &["--format=short"]);
            assert_eq!((status, output.as_str()), (Some(0), ""), "{}", root.display());
            *(if before.0 { &mut accepted } else { &mut refused }) += 1;
        }
        println!("nginx {}: {accepted} accepted, {refused} refused, as before", nginx.version);
        assert!(accepted > 30 && refused > 5, "{accepted} {refused}");
    }
}
