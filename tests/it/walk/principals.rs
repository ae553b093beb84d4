//! Who asks.

/// One way of asking: a person, or nobody, and what is brought.
#[derive(Debug)]
pub struct Principal {
    /// The name in the table.
    pub name: &'static str,
    /// The person's key in the world.
    pub person: Option<&'static str>,
    /// Whether the log-in used the second factor.
    pub second_factor: bool,
    /// Whether the unlock secret is sent.
    pub unlock: bool,
    /// Which visit is sent.
    pub visit: Visit,
    /// Which token is sent.
    pub token: Token,
    /// Nobody stands behind the token (any more): everything is refused with 401.
    pub refused: bool,
}

/// Which visit a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// One of the asker's own to the room, where the asker can begin one.
    Own,
    /// None.
    None,
    /// One of the asker's own, to another room.
    OfAnotherRoom,
    /// One to the room, of somebody else.
    OfAnotherPerson,
}

/// Which token a request brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The log-in's.
    Own,
    /// None.
    None,
    /// One whose time is over.
    Expired,
    /// The log-in's with another signature.
    Forged,
    /// One of another server.
    Foreign,
    /// No token at all.
    Nonsense,
}

impl Principal {
    /// The person's key, if the person is still somebody here.
    pub fn somebody(&self) -> Option<&'static str> {
        self.person.filter(|_| !self.refused)
    }

    /// Whether it makes sense to log in as this one: with no token, or with a bad one.
    pub fn may_bring_own_credential(&self) -> bool {
        self.token != Token::Own
    }
}

const fn full(name: &'static str) -> Principal {
    Principal {
        name,
        person: Some(name),
        second_factor: true,
        unlock: true,
        visit: Visit::Own,
        token: Token::Own,
        refused: false,
    }
}

const fn refused(name: &'static str, token: Token) -> Principal {
    Principal { name, person: Some("fr"), token, refused: true, ..full(name) }
}

/// Everyone. `fr` stands inside everything: the closed session, the case file's circle, its own State's things.
pub const PRINCIPALS: &[Principal] = &[
    Principal {
        person: None,
        token: Token::None,
        visit: Visit::None,
        unlock: false,
        second_factor: false,
        ..full("anonymous")
    },
    full("fr"),
    full("fr2"),
    full("de"),
    full("se"),
    full("ua"),
    full("no"),
    full("ej"),
    full("assoc"),
    full("guest"),
    full("sec"),
    full("sec2"),
    full("aud"),
    Principal { person: Some("fr"), second_factor: false, visit: Visit::None, ..full("fr without second factor") },
    Principal { person: Some("fr"), unlock: false, ..full("fr without unlock secret") },
    Principal { person: Some("fr"), visit: Visit::None, ..full("fr without visit") },
    Principal { person: Some("fr"), visit: Visit::OfAnotherRoom, ..full("fr visiting another room") },
    Principal { person: Some("fr"), visit: Visit::OfAnotherPerson, ..full("fr on another's visit") },
    Principal { refused: true, ..full("ended") },
    Principal { refused: true, ..full("suspended") },
    Principal { refused: true, ..full("lapsed") },
    refused("expired token", Token::Expired),
    refused("forged token", Token::Forged),
    refused("foreign token", Token::Foreign),
    refused("nonsense token", Token::Nonsense),
];
