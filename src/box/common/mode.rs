//! Modes of files as `chmod` takes them (XCU 3, `chmod`): octal numbers, and symbols such as `u+rwX,go=u-w`.

use nestling::text;

/// Changes the permission bits `mode` as `text` says. `umask` limits a clause without `u`, `g`, `o` or `a`, such as `+w`. Returns
/// `None` if the text is not a mode.
pub fn change(text: &[u8], mode: u32, is_dir: bool, umask: u32) -> Option<u32> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        let number = text::number(text, 8)?;
        return u32::try_from(number).ok().filter(|&it| it <= 0o7777);
    }
    let mut mode = mode & 0o7777;
    for clause in text.split(|&byte| byte == b',') {
        mode = change_by(clause, mode, is_dir, umask)?;
    }
    Some(mode)
}

/// The bits of the user, the group, and the others; each with the bit that `s` or `t` stands for.
const USER: u32 = 0o4700;
const GROUP: u32 = 0o2070;
const OTHERS: u32 = 0o1007;

fn change_by(clause: &[u8], mut mode: u32, is_dir: bool, umask: u32) -> Option<u32> {
    let (mut who, mut rest) = (0, clause);
    while let [first, more @ ..] = rest {
        who |= match first {
            b'u' => USER,
            b'g' => GROUP,
            b'o' => OTHERS,
            b'a' => USER | GROUP | OTHERS,
            _ => break,
        };
        rest = more;
    }
    let (who, allowed) = match who {
        0 => (0o7777, !umask),
        who => (who, who),
    };
    if rest.is_empty() {
        return None;
    }
    while let [action @ (b'+' | b'-' | b'='), more @ ..] = rest {
        rest = more;
        let mut bits = 0;
        if let [from @ (b'u' | b'g' | b'o'), more @ ..] = rest {
            let copied = match from {
                b'u' => mode >> 6,
                b'g' => mode >> 3,
                _ => mode,
            };
            bits = (copied & 7) * 0o111;
            rest = more;
        } else {
            while let [letter, more @ ..] = rest {
                bits |= match letter {
                    b'r' => 0o444,
                    b'w' => 0o222,
                    b'x' => 0o111,
                    b'X' if is_dir || mode & 0o111 != 0 => 0o111,
                    b'X' => 0,
                    b's' => 0o6000,
                    b't' => 0o1000,
                    _ => break,
                };
                rest = more;
            }
        }
        bits &= allowed;
        mode = match action {
            b'+' => mode | bits,
            b'-' => mode & !bits,
            // A directory keeps the bits for setting ids: files made in it depend on them.
            _ if is_dir => mode & !(who & !0o6000) | bits,
            _ => mode & !who | bits,
        };
    }
    rest.is_empty().then_some(mode)
}
