//! Reads what Rust's own test runner prints.

use crate::{report::Outcome, suite::Captured};

/// One cargo command may run several test programs, each with its own totals.
pub fn judge(captured: Captured) -> Outcome {
    let mut outcome = Outcome::default();
    for line in captured.output.lines() {
        if let Some(totals) = line.strip_prefix("test result: ") {
            outcome.passed += count(totals, "passed");
            outcome.failed += count(totals, "failed");
        } else if let Some(ignored) = line
            .strip_prefix("test ")
            .filter(|rest| rest.contains(" ... ignored"))
        {
            outcome
                .skipped
                .push(ignored.replacen(" ... ignored, ", ": ", 1));
        }
    }
    if !captured.succeeded() {
        outcome.failed = outcome.failed.max(1);
        let telling = captured
            .output
            .lines()
            .filter(|line| !(line.starts_with("test ") && line.ends_with(" ... ok")));
        outcome.output = telling.collect::<Vec<_>>().join("\n") + "\n" + &captured.ending();
    }
    outcome
}

fn count(totals: &str, word: &str) -> usize {
    let part = totals
        .split([';', '.'])
        .find_map(|part| part.trim().strip_suffix(word));
    part.and_then(|number| number.trim().parse().ok())
        .unwrap_or(0)
}
