//! Properties of the envelope.
