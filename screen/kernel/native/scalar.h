/* Arithmetic of one lane, as rate laws need it: what depends on parameters alone, and all of a lane that has a
   thread of a GPU. */
static inline double s_max(double a, double b) { return b > a || b != b ? b : a; }
static inline double s_min(double a, double b) { return b < a || b != b ? b : a; }
static inline double s_sqrt(double a) { return sqrt(a < 0.0 ? 0.0 : a); }
static inline double s_pow(double a, double b) { return pow(a < 0.0 && b != floor(b) ? 0.0 : a, b); }
static inline double s_lt(double a, double b) { return a < b; }
static inline double s_le(double a, double b) { return a <= b; }
static inline double s_gt(double a, double b) { return a > b; }
static inline double s_ge(double a, double b) { return a >= b; }
static inline double s_eq(double a, double b) { return a == b; }
static inline double s_ne(double a, double b) { return a != b; }
static inline double s_and(double a, double b) { return a != 0.0 && b != 0.0; }
static inline double s_or(double a, double b) { return a != 0.0 || b != 0.0; }
static inline double s_not(double a) { return a == 0.0; }
static inline double s_where(double c, double a, double b) { return c != 0.0 ? a : b; }
#define s_exp exp
#define s_log log
#define s_sin sin
#define s_cos cos
#define s_tan tan
#define s_asin asin
#define s_acos acos
#define s_atan atan
#define s_sinh sinh
#define s_cosh cosh
#define s_tanh tanh
#define s_abs fabs
#define s_floor floor
#define s_ceil ceil
