/* One Rosenbrock step of W lanes, each with its own time, step size and constants. */

typedef struct {
    V y[N];           /* state at the start of the step */
    V z[N];           /* stage point, at last the new state */
    V start[N];       /* derivative at the start */
    V f[N], g[N];     /* derivative at a stage; what the earlier stages add to it */
    V k[STAGES][N];   /* stage solutions; the last is the error estimate */
    V jacobian[NONZEROS + 1], push[DRIVEN + 1], matrix[SLOTS];
    V c[HOISTED + 1]; /* what depends on parameters alone */
    V t, h;           /* time and step size of each lane */
    V low, high;      /* the stretch of time, seen from the inside: rate laws may switch at its ends */
    V scratch[SCRATCH + 1];
} Step;

static inline V inside(const Step *s, V time) { return v_min(v_max(time, s->low), s->high); }

/* Explicit dependence on time enters each stage through df/dt at the start of the step. */
static inline void add_push(Step *s, int stage)
{
    for (int d = 0; d < DRIVEN; d++) s->g[DRIVEN_ROW[d]] += TIME[stage] * s->h * s->push[d];
}

/* The stages of a step, from the linearisation at its start. */
static void attempt(Step *s, V (*points)[N])
{
    const V rate = 1.0 / s->h;
    factorise(s->jacobian, rate / GAMMA, s->matrix);
    memset(s->g, 0, sizeof s->g);
    add_push(s, 0);
    solve(s->matrix, s->start, s->g, s->k[0]);
    for (int stage = 1; stage < STAGES; stage++) {
        combine(stage, s->y, (const V(*)[N])s->k, rate, s->z, s->g);
        add_push(s, stage);
        if (points) memcpy(points[stage], s->z, sizeof s->z);
        derivative(s->z, s->c, inside(s, s->t + NODES[stage] * s->h), s->scratch, s->f);
        solve(s->matrix, s->f, s->g, s->k[stage]);
    }
    for (int i = 0; i < N; i++) s->z[i] += s->k[STAGES - 1][i];
}

/* Weights of the stages in the dense output at the fraction x of the step. */
static inline void dense_weights(V x, V *weights)
{
    for (int j = 0; j < STAGES; j++)
        weights[j] = x * (LAST[j] + (1.0 - x) * (DENSE[0][j] + x * (DENSE[1][j] + x * DENSE[2][j])));
}
