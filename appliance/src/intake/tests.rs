//! Behaviours of reception over real sockets with bytes of our own.
