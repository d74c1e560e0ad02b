//! Terminals (`termios(3)`, `ioctl_tty(2)`, `pty(7)`).
