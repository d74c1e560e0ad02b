//! Runs Rust's own test programs and reads their output: a line of JSON for each event.
//!
//! The format is unstable, so a stable toolchain prints it only with `RUSTC_BOOTSTRAP=1`.

use duct::Expression;
use serde_json::Value;

use crate::{
    process::Captured,
    report::{Outcome, Verdict},
};

/// The arguments with which a test program prints JSON.
pub const JSON: [&str; 3] = ["-Zunstable-options", "--format", "json"];

/// Prepares a command whose arguments include [`JSON`].
pub fn allow_json(command: Expression) -> Expression {
    command.env("RUSTC_BOOTSTRAP", "1")
}

/// Reads the output of a command, which may have run several programs.
pub fn read(captured: Captured) -> Outcome {
    let mut outcome = Outcome::default();
    let mut begun: Vec<String> = Vec::new();
    for line in captured.output.lines() {
        let event = serde_json::from_str::<Value>(line).unwrap_or_default();
        let text = |key: &str| event[key].as_str().unwrap_or_default();
        let name = text("name").to_owned();
        match (text("type"), text("event")) {
            ("test", "started") => begun.push(name),
            // The case has run for a minute, and continues.
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
            // The tests' own output, which the test harness did not capture.
            _ => outcome.output += &format!("{line}\n"),
        }
    }
    if !captured.succeeded() {
        // A program was killed, or ended in the middle of a case.
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
