//! conveyor
