//! `[[ expression ]]`, as in bash, mksh and busybox. It is `test` with three differences: its words undergo neither field splitting
//! nor pathname expansion, its `=`, `==` and `!=` match a pattern, and its `=~` matches a regular expression.

use alloc::ffi::CString;

use super::test;
use crate::expansion;
use crate::shell::{Answer, Divert, Shell};
use nestling_shell::syntax::tree::{Conditional, Operator, Word};

/// Evaluates the expression and returns the exit status.
pub fn evaluate(shell: &mut Shell, conditional: &Conditional) -> Answer {
    shell.substitution_status = None;
    holds(shell, conditional).map(|holds| i32::from(!holds))
}

fn holds(shell: &mut Shell, conditional: &Conditional) -> Result<bool, Divert> {
    shell.check_depth()?;
    match conditional {
        Conditional::Not(inner) => Ok(!holds(shell, inner)?),
        Conditional::Joined { or, left, right } => match holds(shell, left)? {
            known if known == *or => Ok(known),
            _ => holds(shell, right),
        },
        Conditional::Word(word) => Ok(!expansion::single(shell, word)?.is_empty()),
        Conditional::Unary(operator, word) => {
            let operand = string(shell, word)?;
            Ok(test::unary(shell, b"[[", *operator, &operand)?)
        }
        Conditional::Regular(left, right) => {
            let left = expansion::single(shell, left)?;
            Ok(expansion::regular(shell, right)?.matches(&left))
        }
        Conditional::Binary(left, operator, right) => {
            let left = string(shell, left)?;
            if let Operator::Equal | Operator::NotEqual = operator {
                let matches = expansion::pattern(shell, right)?.matches(left.as_bytes());
                return Ok(matches == (*operator == Operator::Equal));
            }
            let right = string(shell, right)?;
            Ok(test::binary(shell, b"[[", &left, *operator, &right)?)
        }
    }
}

fn string(shell: &mut Shell, word: &Word) -> Result<CString, Divert> {
    Ok(CString::new(expansion::single(shell, word)?).unwrap_or_default())
}
