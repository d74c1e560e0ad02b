//! `[[ expression ]]`, as in bash, mksh and busybox: `test` whose words are neither split nor taken for file names, and whose
//! `=`, `==` and `!=` match a pattern.

use alloc::ffi::CString;

use super::Answer;
use super::test::{self, Operator};
use crate::expansion;
use crate::shell::{Divert, Shell, text};
use crate::syntax::tree::{Conditional, Word};

/// The exit status.
pub fn evaluate(shell: &mut Shell, conditional: &Conditional) -> Answer {
    shell.substitution_status = None;
    holds(shell, conditional).map(|holds| i32::from(!holds))
}

fn holds(shell: &mut Shell, conditional: &Conditional) -> Result<bool, Divert> {
    if shell.is_too_deep() {
        return Err(shell.fatal(2, text!("[[: nested too deeply")));
    }
    match conditional {
        Conditional::Not(inner) => Ok(!holds(shell, inner)?),
        Conditional::And(left, right) => Ok(holds(shell, left)? && holds(shell, right)?),
        Conditional::Or(left, right) => Ok(holds(shell, left)? || holds(shell, right)?),
        Conditional::Word(word) => Ok(!expansion::single(shell, word)?.is_empty()),
        Conditional::Unary(operator, word) => {
            let operand = string(shell, word)?;
            Ok(test::unary(shell, b"[[", *operator, &operand)?)
        }
        Conditional::Binary(left, operator, right) => {
            let left = string(shell, left)?;
            let Some(named) = Operator::named(operator) else {
                return Err(shell.fatal(2, text!("[[: ", &**operator, ": no such operator")));
            };
            match named {
                Operator::Equal => Ok(expansion::pattern(shell, right)?.matches(left.as_bytes())),
                Operator::NotEqual => {
                    Ok(!expansion::pattern(shell, right)?.matches(left.as_bytes()))
                }
                named => {
                    let right = string(shell, right)?;
                    Ok(test::binary(shell, b"[[", &left, named, &right)?)
                }
            }
        }
    }
}

fn string(shell: &mut Shell, word: &Word) -> Result<CString, Divert> {
    Ok(CString::new(expansion::single(shell, word)?).unwrap_or_default())
}
