/* One Rosenbrock step of W lanes, each with its own time, step size and constants. */

typedef struct {
    Stored y[N];           /* state at the start of the step */
    Stored z[N];           /* stage point, at last the new state */
    Stored start[N];       /* derivative at the start */
    Stored f[N], g[N];     /* derivative at a stage; what the earlier stages add to it */
    /* Stage solutions, of which the last is the error estimate; the matrix is factorised before there are any. */
    IN_TURN(Stored k[STAGES][N], Entries jacobian[NONZEROS + 1]);
    Entries matrix[SLOTS];
    Stored push[DRIVEN + 1];
    Stored c[HOISTED + 1]; /* what depends on parameters alone */
    Stored t, h;           /* time and step size of each lane */
    Stored low, high;      /* the stretch of time, seen from the inside: rate laws may switch at its ends */
    Stored scratch[SCRATCH + 1];
#if EVENTS
    Schedule schedule[W];
#endif
} Step;

static inline void clear(Stored *x, int n)
{
    for (int i = 0; i < n; i++) x[i] = all(0.0);
}

static inline void copy(Stored *to, const Stored *from, int n)
{
    for (int i = 0; i < n; i++) to[i] = from[i];
}

static inline V inside(const Step *s, V time) { return v_min(v_max(time, s->low), s->high); }

/* Explicit dependence on time enters each stage through df/dt at the start of the step. */
static inline void add_push(Step *s, int stage)
{
    for (int d = 0; d < DRIVEN; d++) s->g[DRIVEN_ROW[d]] += TIME[stage] * s->h * s->h * s->push[d];
}

/* The stages of a step, from the linearisation at its start; the new state is the last stage point and its k. The walk
   back wants the points of all stages. */
static void attempt(Step *s, Stored (*points)[N])
{
    const V h = s->h;
    factorise(MINE(s->jacobian), all(1.0 / GAMMA), -h, MINE(s->matrix)); /* h W */
    clear(s->g, N);
    add_push(s, 0);
    solve(MINE(s->matrix), h, s->start, s->g, s->k[0]);
    for (int stage = 1; stage < STAGES; stage++) {
        Stored *point = points ? points[stage] : s->z;
        combine(stage, s->y, (const Stored(*)[N])s->k, points ? points[stage - 1] : s->z, point, s->g);
        add_push(s, stage);
        derivative(point, s->c, inside(s, s->t + NODES[stage] * s->h), s->scratch, s->f);
        solve(MINE(s->matrix), h, s->f, s->g, s->k[stage]);
    }
}

/* Weights of the stages in the dense output at the fraction x of the step. */
static inline void dense_weights(V x, V *weights)
{
    UNROLLED for (int j = 0; j < STAGES; j++)
        weights[j] = x * (LAST[j] + (1.0 - x) * (DENSE[0][j] + x * (DENSE[1][j] + x * DENSE[2][j])));
}
