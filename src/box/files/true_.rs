//! `true` and `false`: do nothing, and succeed or fail (XCU 3). They have no options.

use nestling::applet::Applet;

pub const TRUE: Applet = Applet {
    name: c"true",
    synopsis: "",
    run: |_| 0,
};

pub const FALSE: Applet = Applet {
    name: c"false",
    synopsis: "",
    run: |_| 1,
};
