//! `regex.h`: POSIX regular expressions with GNU extensions (written by the lead; in progress).
