//! math.h (claimed by the text helper).
