//! libintl.h (claimed by the text helper).
