/* One lane a thread: W is 1 and a V is a number. In memory the lanes of a warp lie side by side, so that its threads
   read and write whole lines: a pointer to a Stored is that of its thread, and steps over those of the others. */
#if defined(__CUDACC_RTC__)
typedef int int32_t;
typedef long long int64_t;
#define INFINITY __longlong_as_double(0x7ff0000000000000)
#define NAN __longlong_as_double(0x7ff8000000000000)
#endif

enum { STRIDE = 32 }; /* threads of a warp */

typedef double V;
typedef bool I;
typedef unsigned long long Counter;
#define CODE static __attribute__((noinline)) void
#define restrict __restrict__
#define IN const Stored *restrict
#define OUT Stored *restrict
#define LANE(x, l) (x)
#define NONE false
#define NOT(mask) (!(mask))
#define TOGETHER __syncwarp()
#define KEEPS 0
#define UNROLLED /* NVRTC does so by itself */

typedef struct Stored {
    double own, of_others[STRIDE - 1];
    operator double() const { return own; }
    Stored &operator=(double value) { own = value; return *this; }
    Stored &operator=(const Stored &other) { own = other.own; return *this; }
    Stored &operator+=(double value) { own += value; return *this; }
    Stored &operator-=(double value) { own -= value; return *this; }
} Stored;

/* Entries of the matrix of a step and of its factors. Reading them is a quarter of what a step moves; where the tolerance
   allows it (SINGLE) they are kept in half the room. MINE: a thread's own among them, from where its numbers lie. */
#if defined(SINGLE)
typedef struct { float own, of_others[STRIDE - 1]; } Entries;
#define MINE(entries) ((Entries *)((float *)(entries) - threadIdx.x % STRIDE))
#define AT(x, i) (x)[i].own
#else
typedef Stored Entries;
#define MINE(entries) (entries)
#define AT(x, i) (x)[i]
#endif

#define IN_TURN(one, other) one; other /* threads of a warp may be at different places */

/* So many rows from i on are read soon: they come from memory into the cache that is next to it, a line a thread. */
#define AHEAD(x, i, count) fetch<sizeof *(x) / STRIDE, (count)>((const char *)&(x)[i])
template <int size, int count> static inline void fetch(const char *own)
{
#if defined(__CUDACC_RTC__)
    const int line = 128, lane = threadIdx.x % STRIDE;
    if (lane < size * STRIDE * count / line)
        asm volatile("prefetch.global.L2 [%0];" ::"l"(own + lane * (line - size)));
#endif
}

static inline int64_t take_next(Counter *next, int64_t count) { return (int64_t)atomicAdd(next, (Counter)count); }
static inline V all(double x) { return x; }
static inline V choose(I mask, V a, V b) { return mask ? a : b; }
static inline V rough_power(V a, double b) { return exp(b * log(a)); }
static inline V rough_reciprocal(V a) { return 1.0f / (float)(a > 1e36 ? 1e36 : a); }

#define v_max s_max
#define v_min s_min
#define v_abs s_abs
#define v_exp s_exp
#define v_log s_log
#define v_root sqrt
