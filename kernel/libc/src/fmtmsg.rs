//! fmtmsg.h (claimed by the text helper).
