//! Who is at work: the actors that start bursts, how often, when and how long.

use crate::session::Kind;

/// Who starts a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Session(Kind),
    ConsoleUser,
    KeyUser,
    LinkedRole,
    Service,
    IdentityCenter,
    ServiceEvent,
    Visitor,
}

/// An actor, its share of the bursts, whether it keeps working hours, and the length of its bursts.
pub(crate) struct Shift {
    pub(crate) actor: Actor,
    pub(crate) weight: u32,
    pub(crate) works_days: bool,
    pub(crate) calls: (u32, u32),
}

const fn shift(actor: Actor, weight: u32, works_days: bool, low: u32, high: u32) -> Shift {
    Shift { actor, weight, works_days, calls: (low, high) }
}

/// All actors. The order is part of every corpus: a new one goes to the end.
pub(crate) const SHIFTS: [Shift; 15] = [
    shift(Actor::Session(Kind::Instance), 78, false, 1, 6),
    shift(Actor::Session(Kind::Task), 78, false, 1, 5),
    shift(Actor::Session(Kind::Function), 106, false, 1, 4),
    shift(Actor::Session(Kind::Deployment), 14, true, 3, 14),
    shift(Actor::Session(Kind::Audit), 8, false, 4, 14),
    shift(Actor::Session(Kind::Person), 30, true, 2, 8),
    shift(Actor::Session(Kind::UserToken), 4, true, 1, 5),
    shift(Actor::ConsoleUser, 60, true, 3, 10),
    shift(Actor::KeyUser, 110, false, 1, 12),
    shift(Actor::LinkedRole, 190, false, 1, 12),
    shift(Actor::Service, 190, false, 1, 4),
    shift(Actor::IdentityCenter, 3, true, 1, 1),
    shift(Actor::ServiceEvent, 6, false, 1, 1),
    shift(Actor::Visitor, 4, false, 1, 3),
    shift(Actor::Session(Kind::Build), 6, true, 1, 4),
];
