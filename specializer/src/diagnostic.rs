//! Every message a user can get: `error: …` and, where there is a way out, `hint: …`.
