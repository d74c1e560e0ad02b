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
    /// For each manner of running, in the order in which they came: what passed, failed and was skipped.
    manners: Vec<(String, [usize; 3])>,
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
        let sums = [passed, failed, skipped.len()];
        let (counted, seconds) = (counts(sums), time.as_secs_f64());
        println!("{word:<7}{name:<13}{manner:<50}{counted:<33}{seconds:>6.1} s");
        if failed > 0 {
            output.lines().for_each(|line| println!("    {line}"));
        }
        let known = self.manners.iter_mut().find(|(known, _)| known == manner);
        match known {
            Some((_, known)) => (0..3).for_each(|index| known[index] += sums[index]),
            None => self.manners.push((manner.into(), sums)),
        }
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
        println!();
        let mut all = [0; 3];
        for (manner, sums) in &self.manners {
            (0..3).for_each(|index| all[index] += sums[index]);
            // The others have one line, which has been printed.
            if ["native", "qemu-user", "kernel"]
                .iter()
                .any(|how| manner.contains(how))
            {
                println!("{manner:<50}{}", counts(*sums));
            }
        }
        println!("\n{}", counts(all));
        all[1] == 0 && all[0] > 0
    }
}

fn counts([passed, failed, skipped]: [usize; 3]) -> String {
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}
