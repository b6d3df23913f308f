//! The technician's page as a function of a request: sign-in, the door, words, decisions. No sockets; a real ledger.

mod access;
mod backend;
mod client;
mod collided;
mod decided;
mod full;
mod noted;
mod served;
mod shown;
mod undone;
