// fenv.h: exceptions, rounding modes, environments, traps that are off.
#define _GNU_SOURCE
#include "check.h"

static void raised(void)
{
    HEX(fetestexcept(FE_ALL_EXCEPT));
}

int main(void)
{
    volatile double zero = 0, one = 1, three = 3;
    INT(feclearexcept(FE_ALL_EXCEPT));
    raised();
    INT(feraiseexcept(FE_DIVBYZERO | FE_INVALID));
    raised();
    INT(feclearexcept(FE_INVALID));
    raised();
    INT(fesetexcept(FE_OVERFLOW));
    raised();
    fexcept_t kept;
    INT(fegetexceptflag(&kept, FE_DIVBYZERO | FE_OVERFLOW));
    INT(feclearexcept(FE_ALL_EXCEPT));
    INT(fetestexceptflag(&kept, FE_OVERFLOW) == FE_OVERFLOW);
    INT(fesetexceptflag(&kept, FE_OVERFLOW));
    raised();
    INT(fesetexceptflag(&kept, FE_ALL_EXCEPT));
    raised();
    feclearexcept(FE_ALL_EXCEPT);
    volatile double result = one / zero;
    raised();
    result = one / three;
    raised();
    result = zero / zero;
    raised();
    volatile long double wide = (long double)one / three;
    section("rounding");
    INT(fegetround());
    int modes[] = {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO, FE_TONEAREST};
    for (int i = 0; i < 4; i++) {
        INT(fesetround(modes[i]));
        HEX(fegetround());
        printf("%a %La\n", one / three, (long double)one / three);
    }
    INT(fesetround(1) != 0);
    section("environments");
    fenv_t environment, held;
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_UNDERFLOW);
    INT(fegetenv(&environment));
    INT(fesetround(FE_UPWARD));
    feraiseexcept(FE_INVALID);
    INT(fesetenv(&environment));
    HEX(fegetround());
    raised();
    INT(feholdexcept(&held));
    raised();
    result = one / zero;
    INT(feupdateenv(&held));
    raised();
    INT(fesetenv(FE_DFL_ENV));
    raised();
    femode_t mode;
    INT(fegetmode(&mode));
    INT(fesetround(FE_DOWNWARD));
    INT(fesetmode(&mode));
    HEX(fegetround());
    INT(fesetmode(FE_DFL_MODE));
    section("traps");
    HEX(fegetexcept());
    HEX(fedisableexcept(FE_ALL_EXCEPT));
    HEX(feenableexcept(FE_OVERFLOW));
    HEX(fegetexcept());
    HEX(fedisableexcept(FE_OVERFLOW));
    HEX(fegetexcept());
    return 0;
}
