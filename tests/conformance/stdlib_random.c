// stdlib.h: the random number generators, whose sequences programs rely on.
#define _GNU_SOURCE
#include "check.h"

int main(void)
{
    section("random");
    for (int i = 0; i < 3; i++)
        INT(random());
    VOID(srandom(42));
    INT(random());
    VOID(srandom(0));
    INT(random());
    VOID(srand(7));
    INT(rand());
    INT(rand());
    unsigned seed = 1;
    INT(rand_r(&seed));
    INT(rand_r(&seed));
    INT(seed);
    char state[256], other[8];
    static const int sizes[] = {8, 16, 32, 64, 128, 200, 256};
    for (int i = 0; i < 7; i++) {
        TRUTH(initstate(5, state, sizes[i]));
        INT(random());
        for (int j = 0; j < 1000; j++)
            random();
        INT(random());
    }
    TRUTH(initstate(5, other, 7));
    char second[64];
    char *before = initstate(9, second, 64);
    TRUTH(before == state);
    INT(random());
    TRUTH(setstate(before) == second);
    INT(random());
    struct random_data data = {0};
    char room[64];
    INT(initstate_r(11, room, sizeof room, &data));
    int result;
    INT(random_r(&data, &result));
    INT(result);
    INT(srandom_r(12, &data));
    INT(random_r(&data, &result));
    INT(result);
    char another[32];
    struct random_data more = {0};
    INT(initstate_r(3, another, sizeof another, &more));
    INT(setstate_r(another, &data));
    INT(random_r(&data, &result));
    INT(result);
    INT(initstate_r(3, another, 4, &more));

    section("48 bits");
    INT(lrand48());
    VOID(srand48(20));
    REAL(drand48());
    INT(lrand48());
    INT(mrand48());
    unsigned short x[3] = {1, 2, 3};
    REAL(erand48(x));
    INT(nrand48(x));
    INT(jrand48(x));
    BYTES(x, 6);
    unsigned short *old = seed48(x);
    BYTES(old, 6);
    INT(lrand48());
    unsigned short parameters[7] = {1, 2, 3, 4, 5, 6, 7};
    VOID(lcong48(parameters));
    INT(lrand48());
    INT(mrand48());
    struct drand48_data d;
    double real;
    long number;
    INT(srand48_r(33, &d));
    INT(drand48_r(&d, &real));
    REAL(real);
    INT(lrand48_r(&d, &number));
    INT(number);
    INT(mrand48_r(&d, &number));
    INT(number);
    INT(erand48_r(x, &d, &real));
    REAL(real);
    INT(nrand48_r(x, &d, &number));
    INT(number);
    INT(jrand48_r(x, &d, &number));
    INT(number);
    INT(seed48_r(x, &d));
    INT(lrand48_r(&d, &number));
    INT(number);
    INT(lcong48_r(parameters, &d));
    INT(lrand48_r(&d, &number));
    INT(number);

    section("true randomness");
    unsigned char bytes[64] = {0};
    VOID(arc4random_buf(bytes, sizeof bytes));
    int set = 0;
    for (int i = 0; i < 64; i++)
        set += bytes[i] != 0;
    TRUTH(set > 32);
    TRUTH(arc4random() != arc4random() || arc4random() != arc4random());
    int within = 1;
    for (int i = 0; i < 1000; i++)
        within &= arc4random_uniform(10) < 10;
    INT(within);
    INT(arc4random_uniform(1));
    INT(arc4random_uniform(0));
    return 0;
}
