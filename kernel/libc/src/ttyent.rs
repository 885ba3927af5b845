//! ttyent.h (claimed by the text helper).
