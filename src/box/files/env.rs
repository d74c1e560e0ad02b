//! `env [-i0] [-u name] [name=value...] [command [argument...]]`: runs a command with another environment (XCU 3, `env`).

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::command::Command;
use nestling::eprintln;

use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"env",
    synopsis: "[-i0] [-u name] [name=value...] [command [argument...]]",
    run: |call| env(call).unwrap_or_else(|status| status),
};

fn env(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("+i0u:");
    options.wrong = 125;
    let (mut is_empty, mut end, mut unset) = (false, b"\n", Vec::new());
    while let Some(letter) = options.next()? {
        match letter {
            b'i' => is_empty = true,
            b'0' => end = b"\0",
            _ => unset.push(options.value.to_bytes()),
        }
    }
    let mut words = options.command();
    if words.first() == Some(c"-") {
        is_empty = true;
        words = words.skip(1);
    }
    let mut environment: Vec<&[u8]> = Vec::new();
    if !is_empty {
        environment.extend(call.env.iter().map(|it| it.to_bytes()));
        environment.retain(|it| !unset.contains(&name(it)));
    }
    while let Some(word) = words.first().map(|word| word.to_bytes())
        && word.contains(&b'=')
    {
        match environment.iter_mut().find(|it| name(it) == name(word)) {
            Some(former) => *former = word,
            None => environment.push(word),
        }
        words = words.skip(1);
    }
    let Some(program) = words.first() else {
        let mut out = Output::new();
        for entry in environment {
            out.write(entry);
            out.write(end);
        }
        return Ok(out.finish(call, 0, 125));
    };
    if end == b"\0" {
        call.misused(b"-0", "a command does not go with it");
        return Ok(125);
    }
    let mut command = Command::new(program);
    command.args(words.skip(1).iter()).env_clear();
    for entry in environment {
        let name = name(entry);
        command.env(name, entry.get(name.len() + 1..).unwrap_or_default());
    }
    let error = command.exec();
    eprintln!("env: ", error);
    Ok(error.shell_code())
}

fn name(entry: &[u8]) -> &[u8] {
    entry.split(|&byte| byte == b'=').next().unwrap_or(entry)
}
