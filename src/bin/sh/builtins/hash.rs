//! `hash [utility…]`, `hash -r` (XCU `hash`): lists the remembered locations of programs, searches for utilities and remembers
//! their locations, or forgets all locations.

use nestling::text::Text;

use super::getopt;
use crate::execution::search::{self, Target};
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut getopt = getopt::Getopt::new(arguments, "r");
    let mut forgets = false;
    loop {
        match getopt.next(shell) {
            Ok(None) => break,
            Ok(_) => forgets = true,
            Err(_) => return Ok(2),
        }
    }
    let operands = getopt.operands();
    if forgets {
        shell.hashed.clear();
    } else if operands.is_empty() {
        for (_, path) in shell.hashed.iter() {
            text!(&**path, "\n").write(&mut shell.output);
        }
    }
    let mut status = 0;
    for index in 0..operands.len() {
        let Some(name) = operands.c_str(index) else {
            break;
        };
        let symbol = shell.symbols.find(name.to_bytes());
        if !matches!(search::target(shell, symbol), Target::Program) {
            continue;
        }
        if let Some(symbol) = symbol {
            shell.hashed.remove(symbol);
        }
        if search::program(shell, name, true).is_none() {
            shell.complain(text!("hash: ", name, ": not found"));
            status = 1;
        }
    }
    Ok(status)
}
