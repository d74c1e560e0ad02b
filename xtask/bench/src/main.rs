//! `cargo xtask bench`: compares nestling's programs with others, in one run.
//!
//! The programs that are compared are measured in turns, and the main result is the ratio in each turn: if the machine
//! is slower for a while, it is slower for all of them. Each table prints the median and the range of the middle half
//! of the values.

mod c;
mod configure;
mod growth;
mod init;
mod sh;
mod spawn;

use std::{fmt::Write, fs, process::ExitCode};

use anyhow::{Context, Result, ensure};
use cargo_nestling::process;
use clap::Parser;
use serde_json::{Value, json};

use xtask::workspace::Workspace;

/// Compare the speed of nestling's programs with others, and print tables (also to `target/bench`).
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench", max_term_width = 100)]
struct CommandLine {
    /// Run only these benchmarks, such as `init`
    names: Vec<String>,
    /// Run the short form of each benchmark that has one: a test of the benchmark, not a measurement
    #[arg(long)]
    short: bool,
    /// Print JSON, with all measured values
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match perform(&CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(line: &CommandLine) -> Result<()> {
    process::end_children_on_signals()?;
    bench(&Workspace::load()?, &line.names, line.short, line.json)
}

/// A benchmark. It reports each table as soon as the table is complete, because some tables take minutes.
type Benchmark = fn(&Workspace, Emit<'_>) -> Result<()>;
type Emit<'a> = &'a mut dyn FnMut(Table);

/// The benchmarks, by their names.
const ALL: &[(&str, Benchmark)] = &[
    ("init", init::side_by_side),
    ("boot", init::boot::seconds),
    ("end", init::end::seconds),
    ("sh", sh::side_by_side),
    ("configure", configure::side_by_side),
    ("spawn", spawn::side_by_side),
    ("c", c::side_by_side),
];

/// The benchmarks that have a short form, which shows within seconds that they work.
const SHORT: &[(&str, Benchmark)] = &[("spawn", spawn::short), ("c", c::short)];

/// Runs the benchmarks with these names, or all. Prints their tables or JSON, and writes both to `target/bench`.
fn bench(workspace: &Workspace, names: &[String], short: bool, json: bool) -> Result<()> {
    let benchmarks = if short { SHORT } else { ALL };
    for name in names {
        let known = benchmarks.iter().any(|(it, _)| it == name);
        ensure!(known, "there is no benchmark {name}");
    }
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    for (name, run) in benchmarks {
        if !names.is_empty() && !names.iter().any(|it| it == name) {
            continue;
        }
        let (mut text, mut values) = (String::new(), Vec::new());
        run(workspace, &mut |table| {
            let table_text = table.text();
            if !json {
                println!("{table_text}");
            }
            text += &table_text;
            text.push('\n');
            values.push(table.json());
        })
        .with_context(|| format!("benchmark {name}"))?;
        let values = format!("{:#}\n", Value::from(values));
        if json {
            print!("{values}");
        }
        for (kind, text) in [("txt", text), ("json", values)] {
            let path = folder.join(format!("{name}.{kind}"));
            fs::write(&path, text).with_context(|| format!("can't write {}", path.display()))?;
        }
    }
    Ok(())
}

/// Measures `count` things in turns. Each turn begins with another thing. Returns the values of each thing. The first turn is not
/// counted.
fn in_turns(
    count: usize,
    turns: usize,
    mut measure: impl FnMut(usize) -> Result<f64>,
) -> Result<Vec<Vec<f64>>> {
    let mut values = vec![Vec::with_capacity(turns); count];
    for turn in 0..=turns {
        for index in (0..count).map(|index| (index + turn) % count) {
            let value = measure(index)?;
            if turn > 0 {
                values[index].push(value);
            }
        }
    }
    Ok(values)
}

/// Returns the least value, the median and the greatest value of the middle half.
fn middle(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |quarter: usize| values.get((values.len().max(1) - 1) * quarter / 4);
    [1, 2, 3].map(|quarter| at(quarter).copied().unwrap_or(f64::NAN))
}

/// The measured values of some programs. The others are compared with the first one.
struct Table {
    title: String,
    unit: &'static str,
    rows: Vec<(String, Vec<f64>)>,
}

impl Table {
    fn text(&self) -> String {
        let mut text = format!("{}, {}\n", self.title, self.unit);
        let first = self.rows.first().map_or(&[][..], |(_, values)| values);
        for (name, values) in &self.rows {
            let [low, median, high] = middle(values.iter().copied());
            let ratios = values.iter().zip(first).map(|(one, other)| one / other);
            let [least, ratio, most] = middle(ratios);
            // Writing to a string does not fail.
            let digits = if self.unit == "exponent" { 2 } else { 1 };
            let _ = write!(text, "  {name:<24}{median:>12.digits$}");
            if values.len() > 1 {
                let _ = write!(text, "  ({low:.1} to {high:.1})");
            }
            let length = text.len() - text.rfind('\n').unwrap_or_default();
            let _ = write!(
                text,
                "{:1$} times {ratio:.3}",
                "",
                66_usize.saturating_sub(length)
            );
            if values.len() > 1 {
                let _ = write!(text, "  ({least:.3} to {most:.3})");
            }
            text.push('\n');
        }
        text
    }

    /// Returns the table with all values, from which the rest can be computed, and with the medians.
    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|(name, values)| {
            let [_, median, _] = middle(values.iter().copied());
            json!({ "name": name, "median": median, "values": values })
        });
        let rows: Vec<Value> = rows.collect();
        json!({ "title": self.title, "unit": self.unit, "rows": rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_begins_with_another_thing_and_the_first_is_not_counted() {
        let mut order = Vec::new();
        let values = in_turns(3, 2, |index| {
            order.push(index);
            Ok(order.len() as f64)
        });
        assert_eq!(order, [0, 1, 2, 1, 2, 0, 2, 0, 1]);
        assert_eq!(
            values.expect("values"),
            [[6.0, 8.0], [4.0, 9.0], [5.0, 7.0]]
        );
    }

    #[test]
    fn the_middle_half_is_around_the_median() {
        assert_eq!(
            middle([5.0, 1.0, 4.0, 2.0, 3.0].into_iter()),
            [2.0, 3.0, 4.0]
        );
        assert_eq!(middle([7.0].into_iter()), [7.0; 3]);
    }
}
