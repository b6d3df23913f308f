//! Value representations, PS3.5 section 6.2.

macro_rules! vrs {
    ($($name:ident),*) => {
        /// A value representation; anything else on the wire is read as `UN`.
        #[allow(missing_docs, reason = "the names are those of PS3.5")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Vr { $($name),* }

        impl Vr {
            /// From the two letters on the wire (lower case is taken for what it means).
            pub fn from_bytes(bytes: [u8; 2]) -> Option<Self> {
                let upper = [bytes[0].to_ascii_uppercase(), bytes[1].to_ascii_uppercase()];
                $(if &upper[..] == stringify!($name).as_bytes() { return Some(Vr::$name); })*
                None
            }

            /// The two letters.
            pub fn as_str(self) -> &'static str {
                match self { $(Vr::$name => stringify!($name)),* }
            }
        }
    };
}

vrs!(
    AE, AS, AT, CS, DA, DS, DT, FD, FL, IS, LO, LT, OB, OD, OF, OL, OV, OW, PN, SH, SL, SQ, SS, ST, SV, TM,
    UC, UI, UL, UN, UR, US, UT, UV
);

impl Vr {
    /// Explicit VR with a 32-bit length after two reserved bytes (PS3.5 table 7.1-1).
    pub fn has_long_length(self) -> bool {
        matches!(
            self,
            Vr::OB
                | Vr::OD
                | Vr::OF
                | Vr::OL
                | Vr::OV
                | Vr::OW
                | Vr::SQ
                | Vr::SV
                | Vr::UC
                | Vr::UN
                | Vr::UR
                | Vr::UT
                | Vr::UV
        )
    }

    /// Whether an element header has the 32-bit length; `known` is the VR of its two letters, `next` what follows them. An
    /// unknown VR is one of a later standard, which has it (PS3.5 section 7.1.2), or misspelt, which shows in `next`.
    pub fn is_long_header(known: Option<Vr>, next: [u8; 2]) -> bool {
        known.map_or(next == [0, 0], Vr::has_long_length)
    }

    /// The value is characters.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Vr::AE
                | Vr::AS
                | Vr::CS
                | Vr::DA
                | Vr::DS
                | Vr::DT
                | Vr::IS
                | Vr::LO
                | Vr::LT
                | Vr::PN
                | Vr::SH
                | Vr::ST
                | Vr::TM
                | Vr::UC
                | Vr::UI
                | Vr::UR
                | Vr::UT
        )
    }

    /// The value's characters follow Specific Character Set (PS3.5 section 6.1.2.2).
    pub fn uses_charset(self) -> bool {
        matches!(self, Vr::LO | Vr::LT | Vr::PN | Vr::SH | Vr::ST | Vr::UC | Vr::UT)
    }

    /// A backslash does not separate values.
    pub fn is_single_text(self) -> bool {
        matches!(self, Vr::LT | Vr::ST | Vr::UT | Vr::UR)
    }

    /// Unit in bytes that big endian reverses; 1 where nothing is reversed.
    pub fn word(self) -> usize {
        match self {
            Vr::AT | Vr::OW | Vr::SS | Vr::US => 2,
            Vr::FL | Vr::OF | Vr::OL | Vr::SL | Vr::UL => 4,
            Vr::FD | Vr::OD | Vr::OV | Vr::SV | Vr::UV => 8,
            _ => 1,
        }
    }

    /// The padding byte to an even length.
    pub fn padding(self) -> u8 {
        if self.is_text() && self != Vr::UI { b' ' } else { 0 }
    }
}
