//! grp.h (claimed by the text helper).
