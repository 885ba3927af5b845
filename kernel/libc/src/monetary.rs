//! monetary.h (claimed by the text helper).
