//! What `cargo xtask test` prints: a line for each suite, what failed in it, and at the end the totals.

use std::time::{Duration, Instant};

use anyhow::Result;

/// What came of a suite.
#[derive(Default)]
pub struct Outcome {
    pub passed: usize,
    pub failed: usize,
    /// Each with its reason.
    pub skipped: Vec<String>,
    /// Shown if anything failed.
    pub output: String,
}

impl Outcome {
    /// Of a check that is one thing, done or not.
    pub fn of(success: bool, output: String) -> Outcome {
        Outcome {
            passed: success.into(),
            failed: (!success).into(),
            output,
            skipped: Vec::new(),
        }
    }

    /// Of what can't be done here: a failure if it is required.
    pub fn missing(reason: &str, required: bool) -> Outcome {
        if required {
            return Outcome::of(false, reason.into());
        }
        Outcome {
            skipped: vec![reason.into()],
            ..Outcome::default()
        }
    }
}

#[derive(Default)]
pub struct Report {
    passed: usize,
    failed: usize,
    skipped: Vec<String>,
}

impl Report {
    /// Runs a suite and prints its line.
    pub fn suite(&mut self, name: &str, manner: &str, run: impl FnOnce() -> Result<Outcome>) {
        let start = Instant::now();
        let outcome = run().unwrap_or_else(|error| Outcome::of(false, format!("{error:#}")));
        self.enter(name, manner, start.elapsed(), outcome);
    }

    /// Prints the line of a suite that was run.
    pub fn enter(&mut self, name: &str, manner: &str, time: Duration, outcome: Outcome) {
        let Outcome {
            passed,
            failed,
            skipped,
            output,
        } = outcome;
        let word = if failed == 0 { "ok" } else { "FAILED" };
        let counts = format!(
            "{passed} passed, {failed} failed, {} skipped",
            skipped.len()
        );
        let seconds = time.as_secs_f64();
        println!("{word:<7}{name:<13}{manner:<50}{counts:<33}{seconds:>6.1} s");
        if failed > 0 {
            output.lines().for_each(|line| println!("    {line}"));
        }
        self.passed += passed;
        self.failed += failed;
        let place = format!("{name} {manner}");
        self.skipped
            .extend(skipped.iter().map(|reason| format!("{place}: {reason}")));
    }

    /// Prints the totals, and tells whether all is well.
    pub fn close(self) -> bool {
        if !self.skipped.is_empty() {
            println!("\nskipped:");
            self.skipped.iter().for_each(|line| println!("    {line}"));
        }
        let Report {
            passed,
            failed,
            skipped,
        } = &self;
        println!(
            "\n{passed} passed, {failed} failed, {} skipped",
            skipped.len()
        );
        self.failed == 0 && self.passed > 0
    }
}
