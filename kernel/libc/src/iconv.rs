//! iconv.h (claimed by the text helper).
