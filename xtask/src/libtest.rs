//! Runs Rust's own test programs and reads what they print: a line of JSON for each event.
//!
//! The format is unstable, so a stable toolchain prints it only under `RUSTC_BOOTSTRAP=1`.

use duct::Expression;
use serde_json::Value;

use crate::{
    process::Captured,
    report::{Outcome, Verdict},
};

/// What has a test program print JSON.
pub const JSON: [&str; 3] = ["-Zunstable-options", "--format", "json"];

/// A command whose arguments include [`JSON`].
pub fn allow_json(command: Expression) -> Expression {
    command.env("RUSTC_BOOTSTRAP", "1")
}

/// One command may run several programs.
pub fn read(captured: Captured) -> Outcome {
    let mut outcome = Outcome::default();
    let mut begun: Vec<String> = Vec::new();
    for line in captured.output.lines() {
        let event = serde_json::from_str::<Value>(line).unwrap_or_default();
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let name = text("name").to_owned();
        match (text("type"), text("event")) {
            ("test", "started") => begun.push(name),
            // It runs for a minute already, and goes on.
            ("test", "timeout") => {}
            ("test", word) => {
                begun.retain(|it| *it != name);
                let printed = text("stdout");
                let (verdict, line) = match word {
                    "ok" => (Verdict::Passed, format!("ok {name}\n{printed}")),
                    "ignored" => {
                        let reason = text("message");
                        (Verdict::Skipped(reason.into()), String::new())
                    }
                    _ => (Verdict::Failed, format!("FAILED {name}\n{printed}")),
                };
                outcome.output += &line;
                outcome.cases.push((name, verdict));
            }
            ("suite" | "report", _) => {}
            // What the tests themselves write, past the runner.
            _ => outcome.output += &format!("{line}\n"),
        }
    }
    if !captured.succeeded() {
        // A program that was killed, or ended in the middle of a case.
        let unknown = outcome
            .cases
            .iter()
            .all(|(_, it)| !matches!(it, Verdict::Failed));
        if begun.is_empty() && unknown {
            begun.push("the program".into());
        }
        for name in begun {
            outcome.output += &format!("FAILED {name}: no verdict\n");
            outcome.cases.push((name, Verdict::Failed));
        }
        outcome.output += &captured.ending();
    }
    outcome
}
