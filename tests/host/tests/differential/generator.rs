//! Makes the situations by combining parts. They are the same on every run.

/// The program that reports its own state.
const PROBE: &str = "run:./probe";

/// Returns all situations, each once.
pub fn situations() -> Vec<String> {
    let mut made = Situations(Vec::new());
    made.opens();
    made.closes();
    made.duplicates();
    made.directories();
    made.ranges();
    made.signals();
    made.groups_and_sessions();
    made.ids_and_scheduling();
    made.parents();
    made.programs();
    made.searches();
    made.limits();
    made.combinations();
    made.0
}

struct Situations(Vec<String>);

impl Situations {
    /// Adds a situation, unless it has been added before.
    fn add(&mut self, words: &[&str]) {
        let words: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| !word.is_empty())
            .collect();
        let line = words.join(" ");
        if !self.0.contains(&line) {
            self.0.push(line);
        }
    }

    /// Adds a situation for each combination of one item from each list. A situation without a program gets the probe.
    fn each(&mut self, lists: &[&[&str]]) {
        let count = lists.iter().map(|list| list.len()).product();
        for mut choice in 0..count {
            let mut words: Vec<&str> = Vec::new();
            for list in lists {
                words.push(list[choice % list.len()]);
                choice /= list.len();
            }
            let program = |word: &&str| word.contains("run:") || word.contains("search:");
            if !words.iter().any(program) {
                words.push(PROBE);
            }
            self.add(&words);
        }
    }

    fn opens(&mut self) {
        let flags = [
            "r,file",
            "wc,new/a",
            "wct,new/a",
            "wcx,new/a",
            "wca,new/a",
            "bc,new/a",
            "bk,fifo",
            "rd,directory",
            "rp,file",
            "re,file",
            "rf,file",
            "r,link",
            "r,/dev/null",
        ];
        for fd in [0, 1, 3, 200] {
            for flags in flags {
                self.each(&[&[&format!("open:{fd},{flags}")]]);
            }
        }
        // Opens that fail.
        let flags = [
            "r,nothing",
            "r,",
            "r,file/x",
            "r,loop",
            "rf,link",
            "w,directory",
            "rd,file",
            "wcx,file",
            "r,dangling",
            "r,x*256",
            "r,directory/*600",
            "wc,nothing/x",
            "rx,nothing",
            "wk,fifo",
        ];
        for fd in [0, 3] {
            for flags in flags {
                self.each(&[&[&format!("open:{fd},{flags}")]]);
            }
        }
        self.each(&[
            &["unprivileged"],
            &[
                "open:0,r,secret",
                "open:0,r,closed/x",
                "open:0,r,file",
                "open:0,wc,new/a",
                "open:0,wc,directory/x",
            ],
        ]);
        self.each(&[
            &["", "nofile:20"],
            &[
                "open:-1,r,file",
                "open:-2147483648,r,file",
                "open:19,r,file",
                "open:20,r,file",
                "open:2147483647,r,file",
            ],
        ]);
        // Two actions on the same number, and an action on the number that the next open would get.
        self.each(&[
            &["", "have:3", "have-cloexec:3"],
            &["open:3,r,file", "open:4,re,file"],
            &["open:3,wc,new/a", "open:3,re,file", "open:5,rd,directory"],
        ]);
        self.each(&[
            &["umask:000", "umask:077", "umask:777"],
            &["open:1,wc,new/a", "open:7,wc,new/a"],
        ]);
    }

    fn closes(&mut self) {
        self.each(&[
            &["", "have:3", "have-cloexec:3", "have:9"],
            &["close:0", "close:1", "close:2", "close:3", "close:9"],
            &["", "close:3"],
        ]);
        self.each(&[
            &["", "nofile:20"],
            &[
                "close:-1",
                "close:-2147483648",
                "close:19",
                "close:20",
                "close:1000000",
                "close:2147483647",
            ],
        ]);
        self.each(&[
            &["close:0 close:1 close:2"],
            &["", "open:0,r,file", "open:2,r,file", "dup2:0,1"],
        ]);
    }

    fn duplicates(&mut self) {
        for state in ["", "have:3", "have-cloexec:3"] {
            for from in ["0", "1", "3", "4", "-1"] {
                for to in ["0", "2", "3", "4", "200", "-1"] {
                    self.each(&[&[state], &[&format!("dup2:{from},{to}")]]);
                }
            }
        }
        self.each(&[
            &["nofile:20"],
            &[
                "dup2:0,19",
                "dup2:0,20",
                "dup2:0,21",
                "dup2:0,2147483647",
                "dup2:20,0",
                "dup2:20,20",
            ],
        ]);
        self.each(&[
            &["have:3", "have-cloexec:3"],
            &[
                "dup2:3,4 dup2:4,5 close:4",
                "dup2:3,0 close:3",
                "dup2:0,9 dup2:1,0 dup2:9,1 close:9",
                "close:3 dup2:3,4",
                "dup2:3,3 dup2:3,3",
            ],
        ]);
    }

    fn directories(&mut self) {
        let to = [
            "directory",
            "directory/",
            ".",
            "",
            "nothing",
            "file",
            "loop",
            "x*256",
            "directory/*600",
            "dangling",
            "/",
            "closed",
        ];
        for to in to {
            self.each(&[
                &["", "unprivileged"],
                &[&format!("chdir:{to}")],
                &["", "run:../probe"],
            ]);
        }
        self.each(&[
            &["chdir:directory"],
            &[
                "open:0,r,inside",
                "open:0,r,file",
                "open:0,r,../file",
                "chdir:..",
                "chdir:directory",
                "open:5,wc,../new/a",
            ],
        ]);
        self.each(&[
            &["open:0,r,file", "open:5,r,file", "dup2:1,2"],
            &["chdir:directory"],
            &["run:../probe", ""],
        ]);
        self.each(&[
            &["have-directory:3", "have:3", ""],
            &["fchdir:3", "fchdir:0", "fchdir:-1", "fchdir:2147483647"],
            &["run:../probe", ""],
        ]);
        self.each(&[
            &[
                "open:4,rd,directory",
                "open:4,rp,directory",
                "open:4,r,file",
            ],
            &["fchdir:4"],
            &["", "close:4"],
            &["run:../probe"],
        ]);
    }

    fn ranges(&mut self) {
        self.each(&[
            &["", "have:3 have:5 have-cloexec:7", "full:12"],
            &[
                "closefrom:0",
                "closefrom:1",
                "closefrom:3",
                "closefrom:4",
                "closefrom:8",
                "closefrom:300",
                "closefrom:2147483647",
                "closefrom:-1",
            ],
        ]);
        self.each(&[
            &["have:3 have:5"],
            &["closefrom:3"],
            &[
                "dup2:3,4",
                "dup2:0,9",
                "open:3,r,file",
                "open:7,r,file",
                "close:3",
            ],
        ]);
        self.each(&[
            &["open:5,r,file", "dup2:0,5"],
            &["closefrom:5", "closefrom:6", "closefrom:2"],
        ]);
    }

    fn signals(&mut self) {
        let states = [
            "",
            "ignore:USR1",
            "handle:USR1",
            "block:USR1",
            "pending:USR1",
            "ignore:PIPE",
            "ignore:CHLD",
            "handle:CHLD",
            "ignore:HUP ignore:INT block:TERM",
            "block:64 ignore:63",
        ];
        let attributes = [
            "",
            "mask:",
            "mask:USR1,64",
            "default:USR1",
            "default:KILL",
            "default:PIPE,CHLD,USR1",
            "mask:HUP default:USR1,63",
        ];
        self.each(&[&states, &attributes]);
        // Programs that end in other ways.
        self.each(&[
            &["", "ignore:TERM", "block:TERM", "handle:TERM"],
            &["", "default:TERM", "mask:TERM"],
            &["run:./probe arg:kill arg:15"],
        ]);
        self.each(&[&[
            "run:./probe arg:kill arg:9",
            "run:./probe arg:exit arg:0",
            "run:./probe arg:exit arg:7",
            "run:./probe arg:exit arg:127",
            "run:./probe arg:exit arg:256",
        ]]);
        // All states at once, in a spawn that fails.
        self.each(&[&states, &["open:0,r,nothing", "run:./nothing"]]);
    }

    fn groups_and_sessions(&mut self) {
        let groups = [
            "",
            "setpgroup:0",
            "setpgroup:parents",
            "setpgroup:foreign",
            "setpgroup:-1",
            "setpgroup:2147483647",
        ];
        self.each(&[
            &["", "setsid"],
            &groups,
            &["", "open:0,r,nothing", "run:./nothing"],
        ]);
    }

    fn ids_and_scheduling(&mut self) {
        self.each(&[
            &["", "seteuid", "unprivileged"],
            &["", "resetids"],
            &["", "open:0,r,secret", "open:1,wc,new/a", "open:0,r,nothing"],
        ]);
        self.each(&[
            &["seteuid"],
            &["resetids"],
            &[
                "open:0,r,closed/x chdir:directory run:../probe",
                "run:./private/probe",
            ],
        ]);
        self.each(&[&["seteuid"], &["run:./private/probe"]]);
        let scheduling = [
            "scheduler:0,0",
            "scheduler:3,0",
            "scheduler:5,0",
            "scheduler:1,1",
            "scheduler:2,99",
            "scheduler:1,0",
            "scheduler:1,100",
            "scheduler:0,1",
            "priority:0",
            "priority:1",
            "priority:-1",
        ];
        self.each(&[&["", "unprivileged"], &scheduling]);
        self.each(&[
            &["scheduler:0,1", "scheduler:3,0"],
            &["setpgroup:foreign", "setsid", "open:0,r,nothing"],
        ]);
    }

    fn parents(&mut self) {
        let closed = [
            "shut:0",
            "shut:1",
            "shut:2",
            "shut:0 shut:1",
            "shut:1 shut:2",
            "shut:0 shut:2",
            "shut:0 shut:1 shut:2",
        ];
        let actions = [
            "",
            "open:0,r,file",
            "open:2,r,file",
            "dup2:0,1",
            "dup2:1,2",
            "close:0",
            "open:5,r,file dup2:5,0",
            "run:./nothing",
        ];
        self.each(&[&closed, &actions]);
        self.each(&[
            &[
                "have:3",
                "have-cloexec:3",
                "have:3 have-cloexec:4 have:5",
                "have:100",
                "have:200 have-cloexec:201",
                "nofile:400 have:399",
            ],
            &["", "open:4,r,file", "dup2:0,3"],
        ]);
        self.each(&[
            &["umask:027", "fsize:0", "fsize:1000000", "unprivileged"],
            &["", "open:1,wc,new/a", "open:0,r,nothing"],
        ]);
    }

    fn programs(&mut self) {
        let programs = [
            "run:./probe",
            "run:probe",
            "run:directory/../probe",
            "run:./link-to-probe",
            "run:./script",
            "run:./script-without",
            "run:./text",
            "run:./empty",
            "run:./short",
            "run:./plain",
            "run:./directory",
            "run:./nothing",
            "run:nothing",
            "run:./file/probe",
            "run:./loop",
            "run:./dangling",
            "run:./x*256",
            "run:directory/*600",
            "run:",
            "run:./busy",
            "run:./closed/probe",
            "run:/",
            "run:./fifo",
            "run:/dev/null",
            "run:./private/probe",
            "run:./self-script",
        ];
        self.each(&[&["", "unprivileged", "chdir:directory"], &programs]);
        self.each(&[
            &["run:./probe", "run:./nothing", "search:nothing"],
            &["arg:a", "arg: arg:b", "long-arg:100000", "long-arg:140000"],
        ]);
        self.each(&[
            &["run:./script", "run:./text"],
            &["arg:a arg:b", "long-arg:2000"],
        ]);
    }

    fn searches(&mut self) {
        let paths = [
            "",
            "path:bin",
            "path:./bin",
            "path:nothing:bin",
            "path:file:bin",
            "path:plain-bin:bin",
            "path:directory-bin:bin",
            "path:plain-bin",
            "path:text-bin:bin",
            "path:loop:bin",
            "path:closed:bin",
            "path:script-bin:bin",
            "path:",
            "path::bin",
            "path:bin:",
            "path:nothing::",
            "path:long-bin/*600:bin",
            "path:other-bin:bin",
            "path:busy-bin:bin",
            "path:private:bin",
            "path:private",
        ];
        self.each(&[&["", "unprivileged"], &paths, &["search:program"]]);
        self.each(&[
            &["", "path:bin", "path:nothing"],
            &[
                "search:",
                "search:./probe",
                "search:bin/program",
                "search:nothing",
                "search:x*255",
                "search:x*256",
                "search:x*5000",
                "search:.",
                "search:..",
                "search:directory/*600",
            ],
        ]);
        self.each(&[
            &["path:bin"],
            &[
                "chdir:directory",
                "chdir:.",
                "open:0,r,file",
                "dup2:1,1",
                "setpgroup:0",
            ],
            &["search:program"],
        ]);
        self.each(&[
            &["path:../bin", "path:..", "path::../bin"],
            &["chdir:directory"],
            &["search:program"],
        ]);
    }

    fn limits(&mut self) {
        // With all numbers in use, and with one, two and three numbers free.
        let tables = [
            "full:10",
            "nofile:11 have:9 have:8 have:7 have:6 have:5 have:4 have:3",
            "nofile:10 have:6 have:5 have:4 have:3",
            "nofile:10 have:7 have:6 have:5 have:4 have:3",
        ];
        let actions = [
            "",
            "open:0,r,file",
            "open:9,r,file",
            "open:8,r,file open:9,r,file",
            "dup2:0,9",
            "dup2:9,9",
            "close:9",
            "close:9 open:9,r,file",
            "close:8 close:9",
            "closefrom:3",
            "chdir:directory run:../probe",
            "open:0,r,nothing",
            "run:./nothing",
            "setpgroup:0",
        ];
        self.each(&[&tables, &actions]);
        self.each(&[
            &["unprivileged nproc:0"],
            &[
                "",
                "open:0,r,file",
                "open:0,r,nothing",
                "run:./nothing",
                "setsid",
            ],
        ]);
    }

    /// Combines two or three of the parts above.
    fn combinations(&mut self) {
        let states = [
            "",
            "shut:0 ignore:USR1",
            "have-cloexec:3 block:USR1",
            "shut:1 shut:2 umask:077",
            "have:3 have:4 handle:USR1",
            "unprivileged ignore:HUP",
        ];
        let attributes = ["", "setsid", "setpgroup:0 mask:USR2", "default:USR1 mask:"];
        let actions = [
            "open:1,wc,new/a dup2:1,2",
            "open:0,r,nothing",
            "dup2:3,0 close:3",
            "close:0 open:5,r,file dup2:5,0 close:5",
            "chdir:directory open:1,wc,../new/a run:../probe",
            "dup2:0,7 dup2:1,0 dup2:7,1",
        ];
        let programs = ["", "run:./text", "path:bin search:program"];
        self.each(&[&states, &attributes, &actions[..4], &programs[..2]]);
        self.each(&[&states, &attributes[..2], &actions[4..]]);
        self.each(&[&states[..2], &attributes, &actions[..1], &programs[2..]]);
        // Situations with two failures, of which the first must be reported.
        self.each(&[
            &["open:0,r,nothing", "chdir:file", "dup2:9,0", "close:0"],
            &[
                "open:0,r,loop",
                "close:-1",
                "dup2:-1,0",
                "fchdir:9",
                "run:./nothing",
            ],
        ]);
        self.each(&[
            &["setpgroup:foreign", "setsid setpgroup:0", "default:KILL"],
            &["open:0,r,nothing", "close:-1", "run:./nothing"],
        ]);
    }
}
