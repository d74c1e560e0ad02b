//! Makes scripts from the grammars in `grammars/`. The scripts are the same on every run.
//!
//! A grammar is a text. `== name` opens a rule; each following line is an alternative; `«name»` in an alternative
//! stands for an expansion of that rule. The first alternative is the shortest: it is taken when a script is deep or
//! long enough. `«#»` is a number, a different one for each alternative that is taken; `«»` is nothing; `⏎` is a
//! newline; `⇥` is a tab; a line that begins with `## ` is a comment. The first line of a grammar says how many scripts
//! it makes, how many snippets each script has, and how deep the rules nest. All grammars can use the rules of
//! `common`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Beyond this length, rules take their first alternative even if they are not deep enough.
const LONG: usize = 1500;

/// A script and its snippets. If a script has several snippets, each runs in a subshell and a directory of its own, and
/// their outcomes are compared separately.
pub struct Script {
    pub name: String,
    pub snippets: Vec<String>,
}

/// The beginning of each script. The function `p` prints the number of its operands and each operand. It does not use
/// `printf` if that is not a built-in.
const PRELUDE: &str = "\
case ${KSH_VERSION-} in
?*) p() { print -nr -- \"$#\"; for _p do print -nr -- \"<$_p>\"; done; print; };;
*) p() { case $# in 0) echo 0;; *) printf \"$#\"; printf '<%s>' \"$@\"; echo;; esac; };;
esac
";

impl Script {
    pub fn text(&self) -> String {
        let mut text = String::from(PRELUDE);
        match &self.snippets[..] {
            [whole] => text.push_str(whole),
            several => {
                for (number, snippet) in several.iter().enumerate() {
                    text.push_str(&format!("(cd {number}\n{snippet}\n)\necho \"\n@@ $?\"\n"));
                }
            }
        }
        text.push('\n');
        text
    }
}

pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sh-differential")
        .join(name)
}

/// Returns the scripts that the grammars make.
pub fn generated() -> Vec<Script> {
    let common = fs::read_to_string(folder("grammars/common")).expect("the grammar `common`");
    let mut scripts = Vec::new();
    for path in files("grammars") {
        let kind = name(&path);
        if kind == "common" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a grammar");
        let mut numbers = text
            .lines()
            .next()
            .into_iter()
            .flat_map(|line| line.split(' '))
            .filter_map(|word| word.parse().ok());
        let (Some(count), Some(several), Some(deep)) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            panic!("{kind}: the first line says how many scripts, of how many snippets, how deep");
        };
        let mut grammar = Grammar {
            rules: HashMap::new(),
            deep,
        };
        grammar.read(&common);
        grammar.read(&text);
        for number in 0..count {
            let mut random = Random::new(&kind, number);
            let snippets = (0..several).map(|_| grammar.make(&mut random)).collect();
            scripts.push(Script {
                name: format!("{kind}-{number}"),
                snippets,
            });
        }
    }
    scripts
}

/// Returns the scripts that were written by hand. In a file of `scripts/`, a line `### name` begins each script.
pub fn written() -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    for path in files("scripts") {
        let topic = name(&path);
        for line in fs::read_to_string(&path).expect("scripts").lines() {
            if let Some(name) = line.strip_prefix("### ") {
                scripts.push(Script {
                    name: format!("{topic}/{name}"),
                    snippets: vec![String::new()],
                });
            } else if let Some(script) = scripts.last_mut() {
                script.snippets[0].push_str(line);
                script.snippets[0].push('\n');
            }
        }
    }
    scripts
}

fn files(of: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(of)).expect("a folder");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_stem()
        .and_then(|name| name.to_str())
        .expect("a plain name")
        .into()
}

struct Grammar {
    rules: HashMap<String, Vec<String>>,
    deep: usize,
}

impl Grammar {
    /// Adds rules. A rule replaces an older one of the same name.
    fn read(&mut self, text: &str) {
        let mut rule = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("== ") {
                rule = name.into();
                self.rules.insert(rule.clone(), Vec::new());
            } else if !line.is_empty() && !line.starts_with("## ") {
                let alternatives = self
                    .rules
                    .get_mut(&rule)
                    .expect("a rule before its alternatives");
                alternatives.push(line.replace('⏎', "\n").replace('⇥', "\t"));
            }
        }
    }

    fn make(&self, random: &mut Random) -> String {
        let (mut out, mut numbers) = (String::new(), 0);
        self.expand("script", 0, random, &mut numbers, &mut out);
        out
    }

    fn expand(
        &self,
        name: &str,
        depth: usize,
        random: &mut Random,
        numbers: &mut usize,
        out: &mut String,
    ) {
        let Some(alternatives) = self.rules.get(name).filter(|them| !them.is_empty()) else {
            panic!("no rule «{name}»");
        };
        let which = match depth >= self.deep || out.len() >= LONG {
            true => 0,
            false => random.below(alternatives.len()),
        };
        let mut rest = &alternatives[which][..];
        let mut number = None;
        while let Some((before, after)) = rest.split_once('«') {
            let (inner, after) = after.split_once('»').expect("a closing »");
            out.push_str(before);
            if inner == "#" {
                let number = number.get_or_insert_with(|| {
                    *numbers += 1;
                    *numbers
                });
                out.push_str(&number.to_string());
            } else if !inner.is_empty() {
                self.expand(inner, depth + 1, random, numbers, out);
            }
            rest = after;
        }
        out.push_str(rest);
    }
}

/// Pseudo-random numbers that are the same on every run (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(kind: &str, number: usize) -> Self {
        let hash = kind.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        Self(hash ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ number >> 31
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
