//! `wordexp.h` (written by the lead; in progress).
