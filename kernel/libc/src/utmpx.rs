//! utmpx.h (claimed by the text helper).
