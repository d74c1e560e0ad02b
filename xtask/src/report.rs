//! Prints the results of a test run: a line for each suite as it ends, the failures of that suite, and at last the
//! totals.

use std::{
    fmt::Write,
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// The result of a case.
pub enum Verdict {
    Passed,
    Failed,
    /// The case did not run, for this reason.
    Skipped(String),
}

/// The result of a suite.
#[derive(Default)]
pub struct Outcome {
    /// The cases by their names.
    pub cases: Vec<(String, Verdict)>,
    /// All output of the suite. If anything has failed, a part of it is shown, and all of it is kept.
    pub output: String,
}

impl Outcome {
    /// The result of a check that consists of one step.
    pub fn of(success: bool, output: String) -> Outcome {
        Outcome::of_checks([("all of it", success)], output)
    }

    /// The result of several checks, with their names.
    pub fn of_checks<'a>(
        checks: impl IntoIterator<Item = (&'a str, bool)>,
        output: String,
    ) -> Outcome {
        let case = |(name, good): (&str, bool)| {
            let verdict = if good {
                Verdict::Passed
            } else {
                Verdict::Failed
            };
            (name.to_owned(), verdict)
        };
        Outcome {
            cases: checks.into_iter().map(case).collect(),
            output,
        }
    }

    /// The result of a suite that cannot run here: a failure if the suite is required.
    pub fn missing(reason: &str, required: bool) -> Outcome {
        if required {
            return Outcome::of(false, reason.into());
        }
        Outcome {
            cases: vec![("all of it".into(), Verdict::Skipped(reason.into()))],
            output: String::new(),
        }
    }

    /// Adds the cases and the output of another part of the same suite.
    pub fn add(&mut self, other: Outcome) {
        self.cases.extend(other.cases);
        self.output += &other.output;
    }

    /// Returns the last lines of the output, without the lines about cases that passed.
    fn failures(&self) -> Vec<&str> {
        let lines = self.output.lines();
        let lines: Vec<_> = lines.filter(|line| !line.starts_with("ok ")).collect();
        lines[lines.len().saturating_sub(400)..].to_vec()
    }

    /// The numbers of passed, failed and skipped cases.
    fn sums(&self) -> [usize; 3] {
        let mut sums = [0; 3];
        for (_, verdict) in &self.cases {
            match verdict {
                Verdict::Passed => sums[0] += 1,
                Verdict::Failed => sums[1] += 1,
                Verdict::Skipped(_) => sums[2] += 1,
            }
        }
        sums
    }
}

/// What is printed at the end.
#[derive(Default)]
struct Totals {
    /// For each label, in the order of appearance: the numbers of passed, failed and skipped cases.
    labels: Vec<(String, [usize; 3])>,
    skipped: Vec<String>,
    failed: Vec<String>,
    times: Vec<(Duration, String)>,
    /// Additional information about a label.
    about: Vec<(String, String)>,
    /// The list of all cases, one in each line.
    cases: String,
}

/// A report that suites which run at the same time share.
pub struct Report {
    begin: Instant,
    /// The folder for the output of failed suites.
    folder: PathBuf,
    totals: Mutex<Totals>,
}

impl Report {
    pub fn new(workspace: &Workspace) -> Result<Report> {
        let folder = workspace.scratch()?.join("failed");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Report {
            begin: Instant::now(),
            folder,
            totals: Mutex::default(),
        })
    }

    /// Runs a suite and prints its line.
    pub fn suite(&self, name: &str, label: &str, run: impl FnOnce() -> Result<Outcome>) {
        let start = Instant::now();
        let outcome = run().unwrap_or_else(|error| Outcome::of(false, format!("{error:#}")));
        self.enter(name, label, start.elapsed(), outcome);
    }

    /// Prints the line of a suite that has run. A suite without cases has no line.
    pub fn enter(&self, name: &str, label: &str, time: Duration, outcome: Outcome) {
        if outcome.cases.is_empty() {
            return;
        }
        let sums = outcome.sums();
        let failed = sums[1] > 0;
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        let word = if failed { "FAILED" } else { "ok" };
        let (counted, seconds) = (counts(sums), time.as_secs_f64());
        println!("{word:<7}{name:<15}{label:<45}{counted:<33}{seconds:>6.1} s");
        if failed {
            let failures = outcome.failures();
            failures.iter().for_each(|line| println!("    {line}"));
            let path = self.folder.join(format!("{name} {label}.log"));
            match fs::write(&path, &outcome.output) {
                Ok(()) => println!("    all of its output: {}", path.display()),
                Err(error) => println!("    can't write {}: {error}", path.display()),
            }
        }
        match totals.labels.iter_mut().find(|(known, _)| known == label) {
            Some((_, known)) => (0..3).for_each(|index| known[index] += sums[index]),
            None => totals.labels.push((label.into(), sums)),
        }
        totals.times.push((time, format!("{name} {label}")));
        for (case, verdict) in outcome.cases {
            let word = match &verdict {
                Verdict::Passed => "passed",
                Verdict::Failed => "failed",
                Verdict::Skipped(_) => "skipped",
            };
            // Writing to a string does not fail.
            let _ = writeln!(totals.cases, "{name}\t{label}\t{case}\t{word}");
            let line = format!("{name} {label}: {case}");
            match verdict {
                Verdict::Passed => {}
                Verdict::Failed => totals.failed.push(line),
                Verdict::Skipped(reason) => totals.skipped.push(format!("{line}: {reason}")),
            }
        }
    }

    /// Adds information to the totals of a label.
    pub fn describe(&self, label: &str, about: &str) {
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        totals.about.push((label.into(), about.into()));
    }

    /// Prints the totals and writes the list of all cases. Returns whether something ran and nothing failed. `case` is
    /// the argument of `--case`.
    pub fn close(self, case: &str) -> Result<bool> {
        let mut totals = self
            .totals
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if !totals.skipped.is_empty() {
            println!("\nskipped:");
            totals.skipped.sort();
            totals
                .skipped
                .iter()
                .for_each(|line| println!("    {line}"));
        }
        println!();
        totals.labels.sort();
        let mut all = [0; 3];
        for (label, sums) in &totals.labels {
            (0..3).for_each(|index| all[index] += sums[index]);
            // The other labels have only one line, which has been printed.
            if label.ends_with("debug") || label.ends_with("release") {
                let about = totals.about.iter().find(|(it, _)| it == label);
                let about = about.map_or("", |(_, about)| about);
                println!("{label:<30}{:<45}{about}", counts(*sums));
            }
        }
        let cases = self.folder.with_file_name("cases.tsv");
        fs::write(&cases, totals.cases)
            .with_context(|| format!("can't write {}", cases.display()))?;
        totals
            .times
            .sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        println!("\nslowest:");
        for (time, name) in totals.times.iter().take(10) {
            println!("{:>8.1} s  {name}", time.as_secs_f64());
        }
        let wall = self.begin.elapsed().as_secs_f64();
        println!("\nwall {wall:.0} s, CPU {}", cpu_time());
        println!("every case: {}", cases.display());
        if !totals.failed.is_empty() {
            println!("\nfailed:");
            totals.failed.iter().for_each(|line| println!("    {line}"));
        }
        if all == [0; 3] && !case.is_empty() {
            println!(
                "\nno case's name contains {case:?}; `--list` prints the suites, `suites --list` the on-target cases"
            );
        }
        println!("\n{}", counts(all));
        Ok(all[1] == 0 && all[0] > 0)
    }
}

fn counts([passed, failed, skipped]: [usize; 3]) -> String {
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

/// The user and system time of xtask and of all processes that it has waited for, from proc(5).
fn cpu_time() -> String {
    const TICKS_PER_SECOND: u64 = 100;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let fields: Vec<u64> = after_name
        .split(' ')
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    let sum = |first: usize, second: usize| {
        let ticks = [first, second].map(|it| fields.get(it).copied().unwrap_or_default());
        (ticks[0] + ticks[1]) / TICKS_PER_SECOND
    };
    format!("user {} s, system {} s", sum(11, 13), sum(12, 14))
}
