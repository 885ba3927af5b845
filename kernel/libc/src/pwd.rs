//! pwd.h (claimed by the text helper).
