/* W lanes side by side: one V holds the same quantity of W trajectories.
   Arithmetic on V is the compiler's; what C has no operator for is here. */
#include <math.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

typedef double V __attribute__((vector_size(8 * W)));
typedef int64_t I __attribute__((vector_size(8 * W)));
typedef uint64_t U __attribute__((vector_size(8 * W)));
typedef V Stored; /* a quantity in memory */
typedef V Entries; /* of the matrix of a step and of its factors */
#define MINE(entries) (entries)
#define AT(x, i) (x)[i]
#define IN_TURN(one, other) union { one; other; } /* what is never needed at a time: the nearest cache is small */
#define AHEAD(x, i, count) /* what is read soon: a processor sees it by itself */
typedef atomic_llong Counter;
#define CODE static __attribute__((noinline)) void
#define SHARED __attribute__((noinline, visibility("hidden"))) void /* between the parts of a large network */
#define STRIDE W /* doubles from one quantity of a lane to the next */
#define IN const Stored *restrict
#define OUT Stored *restrict
#define LANE(x, l) (x)[l]
#define NONE ((I){0})
#define NOT(mask) (~(mask))
#define TOGETHER
#define KEEPS 1 /* a solve keeps its steps where it is asked to */
#define UNROLLED _Pragma("GCC unroll 8") /* a loop over stages: gcc leaves it as it is */

static inline int64_t take_next(Counter *next, int64_t count) { return atomic_fetch_add(next, count); }
static inline V all(double x) { return x - (V){0}; }
static inline V choose(I mask, V a, V b) { return (V)((mask & (I)a) | (~mask & (I)b)); }
/* NaN wins, so that what is not a number never passes for one. */
static inline V v_max(V a, V b) { return choose((b > a) | (b != b), b, a); }
static inline V v_min(V a, V b) { return choose((b < a) | (b != b), b, a); }
static inline V v_abs(V a) { return (V)((I)a & INT64_MAX); }

/* What an error is weighed with: eight digits do, an estimate of four and a step of Newton's. */
#if W == 8 && defined(__AVX512F__)
static inline V rough_reciprocal(V a)
{
    const V r = (V)_mm512_rcp14_pd((__m512d)a);
    return r * (2.0 - a * r);
}
#elif W == 4 && defined(__AVX512VL__)
static inline V rough_reciprocal(V a)
{
    const V r = (V)_mm256_rcp14_pd((__m256d)a);
    return r * (2.0 - a * r);
}
#else
static inline V rough_reciprocal(V a) { return 1.0 / a; }
#endif

/* A loop over lanes becomes one call of the vector mathematics library where there is one. */
#define LANEWISE(name, call) \
    static inline V name(V a) { V r; for (int l = 0; l < W; l++) r[l] = call(a[l]); return r; }
LANEWISE(v_exp, exp) LANEWISE(v_log, log) LANEWISE(v_sin, sin) LANEWISE(v_cos, cos) LANEWISE(v_tan, tan)
LANEWISE(v_asin, asin) LANEWISE(v_acos, acos) LANEWISE(v_atan, atan) LANEWISE(v_sinh, sinh)
LANEWISE(v_cosh, cosh) LANEWISE(v_tanh, tanh) LANEWISE(v_floor, floor) LANEWISE(v_ceil, ceil)
LANEWISE(v_root, sqrt)
static inline V v_sqrt(V a) { return v_root(choose(a < 0.0, all(0.0), a)); }

/* A base below 0 with a broken exponent counts as 0: a concentration below 0 is rounding. */
static inline V v_pow(V a, V b)
{
    V r, base = choose((a < 0.0) & (b != v_floor(b)), all(0.0), a);
    for (int l = 0; l < W; l++) r[l] = pow(base[l], b[l]);
    return r;
}

/* a to the power of b to eight digits, for a positive number of a common size: enough to choose a step by, for all lanes
   at once. With a = 2^e m and m from 1 to 2, log2(a) = e + 1/2 + 2 / ln(2) artanh((m - sqrt(2)) / (m + sqrt(2))). */
static inline V rough_power(V a, double b)
{
    const V e = (V)((U)a >> 52 << 16 | 0x4230000000000000) - (0x1p36 + 1022.5); /* and the half */
    const V m = (V)(((U)a & 0x000fffffffffffff) | 0x3ff0000000000000);
    const V s = (m - 1.4142135623730951) / (m + 1.4142135623730951), ss = s * s;
    const V series = 1.0 + ss * (1.0 / 3 + ss * (1.0 / 5 + ss * (1.0 / 7 + ss * (1.0 / 9))));
    const V x = b * (e + 2.8853900817779268 * s * series), whole = v_floor(x + 0.5);
    const V g = 0.6931471805599453 * (x - whole);
    const V power = 1.0 + g * (1.0 + g * (1.0 / 2 + g * (1.0 / 6 + g * (1.0 / 24 + g * (1.0 / 120 + g * (1.0 / 720 + g * (1.0 / 5040)))))));
    return (V)((U)power + ((U)(whole + 0x1.8p52) << 52));
}

/* Conditions are 1.0 and 0.0, as in SBML arithmetic. */
static inline V truth(I mask) { return choose(mask, all(1.0), all(0.0)); }
static inline V v_lt(V a, V b) { return truth(a < b); }
static inline V v_le(V a, V b) { return truth(a <= b); }
static inline V v_gt(V a, V b) { return truth(a > b); }
static inline V v_ge(V a, V b) { return truth(a >= b); }
static inline V v_eq(V a, V b) { return truth(a == b); }
static inline V v_ne(V a, V b) { return truth(a != b); }
static inline V v_and(V a, V b) { return truth((a != 0.0) & (b != 0.0)); }
static inline V v_or(V a, V b) { return truth((a != 0.0) | (b != 0.0)); }
static inline V v_not(V a) { return truth(a == 0.0); }
static inline V v_where(V c, V a, V b) { return choose(c != 0.0, a, b); }
