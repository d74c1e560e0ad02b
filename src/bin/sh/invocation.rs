//! The start of the shell: its arguments and its environment (XCU `sh`).

use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::rt::descriptors;
use nestling::time::{self, Clock};
use nestling::{AsFd, OFlags, io, rt, sys, terminal};

use crate::builtins::{self, pwd, set};
use crate::execution;
use crate::expansion;
#[cfg(feature = "edit")]
use crate::history;
use crate::interactive;
use crate::options::{self, Opt, Options};
use crate::reader;
use crate::shell::{Divert, Flow, Hooks, Shell, number, text};
use crate::stack::Stack;
use crate::traps::{self, table::Traps};
use crate::variables::Variables;
use nestling_shell::fields::{self, Fields};
use nestling_shell::symbols::{Symbol, Symbols, is_name};
use nestling_shell::syntax::Source;

const HELP: &str = "\
Usage: sh [OPTION...] [FILE [ARGUMENT...]]
       sh [OPTION...] -c COMMANDS [NAME [ARGUMENT...]]
       sh [OPTION...] -s [ARGUMENT...]

  -c\t\texecute COMMANDS
  -s\t\tread commands from standard input
  -i\t\tbe interactive
  -l, --login\tbe a login shell
  -abCEefhmnpuvx, -o NAME\tas of `set`, which `+` in place of `-` switches off
  --help, --version

`sh -c help` lists the built-ins, `sh -c \"set -o\"` the names of options.
";

const VERSION: &str = concat!("sh (nestling) ", env!("CARGO_PKG_VERSION"), "\n");

/// Makes the shell and the source of its program. The error is the exit status.
pub fn read(process: rt::Process) -> Result<(&'static mut Shell, Source), i32> {
    // The shell exists until the process ends. So no code to free its memory is needed.
    let shell = Box::leak(Box::new(empty(process)));
    let arguments: Vec<&'static CStr> = process.args().iter().collect();
    let text = |index: usize| {
        arguments
            .get(index)
            .map(|argument: &&CStr| argument.to_bytes())
    };
    if let Some(name) = text(0) {
        shell.name = name.into();
    }
    let mut chosen = Options::default();
    chosen.set(Opt::Login, shell.name.first() == Some(&b'-'));
    let mut index = 1;
    while let Some([sign @ (b'-' | b'+'), letters @ ..]) = text(index) {
        index += 1;
        let on = *sign == b'-';
        match letters {
            [] | b"-" => break,
            b"-login" if on => chosen.set(Opt::Login, true),
            b"-help" if on => return Err(say(shell, HELP)),
            b"-version" if on => return Err(say(shell, VERSION)),
            letters => read_letters(shell, &mut chosen, letters, on, text(index), &mut index)?,
        }
    }
    if process.is_secure() && !chosen.has(Opt::Privileged) && !set::drop_privileges(shell) {
        return Err(2);
    }
    import(shell, process);
    let operands = arguments.get(index..).unwrap_or_default();
    let (source, parameters) = source(shell, &mut chosen, operands)?;
    let mut fields = Fields::new();
    for parameter in parameters {
        fields.push(parameter.to_bytes());
    }
    shell.positional = fields::Parameters::new(fields);
    let both_terminals =
        || terminal::is_terminal(io::stdin()) && terminal::is_terminal(io::stderr());
    if chosen.has(Opt::Stdin) && operands.is_empty() && both_terminals() {
        chosen.set(Opt::Interactive, true);
    }
    if chosen.has(Opt::Interactive) {
        chosen.set(Opt::Histexpand, true);
        // `_` changes with each command. If it were exported, the environment of programs would change each time.
        let last = shell.symbol(b"_");
        shell.variables.export(last, false);
    }
    let monitor = chosen.has(Opt::Monitor) || (chosen.has(Opt::Interactive) && both_terminals());
    chosen.set(Opt::Monitor, false);
    shell.options = chosen;
    traps::set_interactive(shell);
    if monitor {
        set::change(shell, Opt::Monitor, true);
    }
    let source = if shell.is_interactive() && chosen.has(Opt::Stdin) {
        Source::interactive()
    } else {
        source
    };
    Ok((shell, source))
}

/// Writes to standard output. Returns the exit status.
fn say(shell: &mut Shell, text: &str) -> i32 {
    match io::write_all(io::stdout(), text.as_bytes()) {
        Ok(()) => 0,
        Err(errno) => {
            shell.complain(text!(errno));
            1
        }
    }
}

fn read_letters(
    shell: &mut Shell,
    chosen: &mut Options,
    letters: &[u8],
    on: bool,
    argument: Option<&[u8]>,
    index: &mut usize,
) -> Result<(), i32> {
    for &letter in letters {
        let option = match letter {
            b'o' => {
                *index += 1;
                argument.and_then(options::by_name)
            }
            b'i' => Some(Opt::Interactive),
            b's' if on => Some(Opt::Stdin),
            b'c' if on => Some(Opt::Command),
            b'l' => Some(Opt::Login),
            letter => options::by_letter(letter),
        };
        let Some(option) = option else {
            let (name, before) = match letter {
                b'o' => (argument.unwrap_or_default(), ""),
                b'-' => (letters, "-"),
                _ => (core::slice::from_ref(&letter), ""),
            };
            shell.complain(text!(before, name, ": no such option"));
            return Err(2);
        };
        chosen.set(option, on);
    }
    Ok(())
}

type Parameters<'a> = &'a [&'static CStr];

/// Returns the source of the program: the text after `-c`, a file, or standard input.
fn source<'a>(
    shell: &mut Shell,
    chosen: &mut Options,
    operands: Parameters<'a>,
) -> Result<(Source, Parameters<'a>), i32> {
    if chosen.has(Opt::Command) {
        let Some((program, rest)) = operands.split_first() else {
            shell.complain(text!("-c: the commands are missing"));
            return Err(2);
        };
        let parameters = match rest.split_first() {
            Some((name, parameters)) => {
                shell.name = name.to_bytes().into();
                parameters
            }
            None => rest,
        };
        return Ok((Source::text(program.to_bytes(), 1), parameters));
    }
    if chosen.has(Opt::Stdin) || operands.is_empty() {
        chosen.set(Opt::Stdin, true);
        return Ok((Source::descriptor(io::stdin(), true), operands));
    }
    let Some((file, parameters)) = operands.split_first() else {
        return Err(2);
    };
    let opened = open_script(shell, file);
    shell.name = file.to_bytes().into();
    match opened {
        Ok(source) => Ok((source, parameters)),
        Err(errno) => {
            shell.complain(text!("cannot open ", *file, ": ", errno));
            Err(if errno == nestling::Errno::ENOENT {
                127
            } else {
                126
            })
        }
    }
}

fn open_script(shell: &Shell, file: &CStr) -> Result<Source, nestling::Errno> {
    let open = |path: &CStr| sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0);
    let descriptor = match open(file) {
        // XCU sh, OPERANDS, command_file: in this case the file may be searched for in PATH.
        Err(nestling::Errno::ENOENT) if !nestling::text::contains(file.to_bytes(), b'/') => {
            let path = shell.variables.get(Symbol::PATH).unwrap_or_default();
            let found = execution::search::in_path(file.to_bytes(), path);
            open(&found.ok_or(nestling::Errno::ENOENT)?)?
        }
        answer => answer?,
    };
    if sys::file::fstat(descriptor.as_fd())?.is_dir() {
        return Err(nestling::Errno::EISDIR);
    }
    // The descriptor stays open until the process ends.
    let descriptor: &'static nestling::OwnedFd =
        Box::leak(Box::new(descriptors::private(descriptor)?));
    Ok(Source::descriptor(descriptor.as_fd(), false))
}

static HOOKS: Hooks = Hooks {
    builtins: builtins::BUILTINS,
    execute: execution::all,
    substitute: execution::substitute,
    substitute_process: execution::subshell::process_substitution,
    read_line: interactive::read_line,
};

fn empty(process: rt::Process) -> Shell {
    let now = time::now(Clock::Monotonic).ok();
    let pid = sys::process::getpid();
    Shell {
        hooks: &HOOKS,
        #[cfg(feature = "applets")]
        applets: &[],
        symbols: Symbols::new(HOOKS.builtins.iter().map(|builtin| builtin.name)),
        variables: Variables::default(),
        options: Options::default(),
        functions: Default::default(),
        aliases: Default::default(),
        name: Rc::from(&b"sh"[..]),
        positional: Default::default(),
        status: 0,
        pid,
        last_background: None,
        output: Default::default(),
        jobs: Default::default(),
        traps: Traps::new(),
        interactive: Default::default(),
        hashed: Default::default(),
        line: 0,
        script: Rc::new([]),
        is_subshell: false,
        loops: 0,
        functions_deep: 0,
        scripts_deep: 0,
        errexit_ignored: 0,
        substitution_status: None,
        ordinary: Vec::new(),
        stack: Stack::new(process),
        directory: None,
        random: now.map_or(0, |now| now.nanoseconds()) ^ pid.as_raw() as u32,
        started: now.map_or(0, |now| now.seconds()),
        environment: Default::default(),
        foreign_environment: Vec::new(),
        spare_fields: Vec::new(),
        keeps_redirections: false,
        saved: Vec::new(),
        substituted: Vec::new(),
        trees: Vec::new(),
        calls: Vec::new(),
        keeps_names: 0,
        local_options: None,
        function: None,
        attempt: Default::default(),
        only_reads: false,
        utf8: false,
    }
}

/// Imports and exports the variables of the environment: XCU 2.5.3.
fn import(shell: &mut Shell, process: rt::Process) {
    for string in process.env().iter() {
        let string = string.to_bytes();
        let split = string.iter().position(|&byte| byte == b'=');
        let (name, value) = split
            .and_then(|index| string.split_at_checked(index))
            .unwrap_or((b"", b"="));
        if !is_name(name) {
            shell.foreign_environment.push(string.to_vec());
            continue;
        }
        let name = shell.symbols.intern(name);
        // IFS is not imported from the environment: XCU 2.5.3.
        if name == Symbol::IFS {
            continue;
        }
        // The call cannot fail: no variable is read-only yet.
        let _ = shell.assign(name, value.get(1..).unwrap_or_default());
        shell.variables.import(name);
    }
    let mut set = |name: Symbol, value: &[u8]| {
        let _ = shell.variables.set(name, value);
    };
    set(Symbol::IFS, b" \t\n");
    set(Symbol::OPTIND, b"1");
    set(Symbol::PPID, &number(sys::process::getppid().into()));
    let mut unless_set = |name: Symbol, value: &[u8]| {
        if shell.variables.get(name).is_none() {
            let _ = shell.variables.set(name, value);
        }
    };
    unless_set(Symbol::PATH, execution::search::DEFAULT);
    unless_set(
        Symbol::PS1,
        if sys::credentials::geteuid() == Ok(0) {
            b"# "
        } else {
            b"$ "
        },
    );
    unless_set(Symbol::PS2, b"> ");
    unless_set(Symbol::PS4, b"+ ");
    pwd::start(shell);
}

/// Executes the files that precede the program: the profiles of a login shell, and ENV in an interactive shell. After an error or
/// SIGINT in one file, an interactive shell continues with the next file, and then with the prompt. If the caller may have fewer
/// privileges than the shell, files that the caller can choose are not executed.
pub fn start(shell: &mut Shell, process: rt::Process) -> Flow {
    let trusts = !process.is_secure() && !shell.options.has(Opt::Privileged);
    #[cfg(feature = "edit")]
    if shell.is_interactive() {
        history::choose_file(shell);
    }
    if shell.options.has(Opt::Login) {
        start_up_file(shell, |_| Ok(b"/etc/profile".to_vec()))?;
    }
    if trusts && shell.options.has(Opt::Login) {
        start_up_file(shell, |shell| {
            let home = shell.variables.get(Symbol::HOME).unwrap_or_default();
            Ok([home, b"/.profile"].concat())
        })?;
    }
    if trusts && shell.is_interactive() {
        start_up_file(shell, |shell| {
            let Some(env) = shell.variables.get(Symbol::ENV).map(Vec::from) else {
                return Ok(Vec::new());
            };
            match reader::document(shell, &env) {
                Some(word) => expansion::document(shell, &word),
                None => Err(shell.fatal(2, text!("ENV: syntax error"))),
            }
        })?;
    }
    Ok(())
}

/// Executes a file, if its name is not empty and the file exists.
fn start_up_file(
    shell: &mut Shell,
    name: impl FnOnce(&mut Shell) -> Result<Vec<u8>, Divert>,
) -> Flow {
    let flow = name(shell).and_then(|name| {
        let path = CString::new(&name[..]).unwrap_or_default();
        if name.is_empty() {
            return Ok(());
        }
        builtins::dot::execute(shell, &path, &name).unwrap_or(Ok(()))
    });
    match flow {
        flow if shell.goes_on_after(flow) => Ok(()),
        flow => flow,
    }
}
