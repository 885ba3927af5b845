//! shadow.h (claimed by the text helper).
