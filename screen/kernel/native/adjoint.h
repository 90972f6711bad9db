/* The gradient: the discrete adjoint of the steps that were taken, step sizes held.

   A row is one cotangent of one lane. What the solve kept of a lane's steps, or else a recording of them, which a small
   group of lanes is integrated once more for, is its tape: time, step size and state of every accepted step. The slots
   walk each lane's tape backwards, up to LAYERS rows of the lane at once: the step is linearised, its stages and its
   factorisation are made once, and each layer of rows passes through them. A row takes part from the last of its outputs
   that is not 0.
   With lambda the adjoint of the new state, v_i = W^-T u_i for the last stage first,

       u_i    = LAST_i lambda + (weight of k_i in the outputs of this step) + sum_{j > i} (A_ji q_j + C_ji v_j / h)
       q_j    = J(point_j)' v_j            (with it come the adjoints of the hoisted values)
       lambda = lambda + (cotangents of the outputs) + sum_i q_i + d/dy <J(y), sum_i v_i k_i'> + h TIME_i v_i' f_ty

   The points of the stages from CHAINED on go on from the one before, so that A_ji = LAST_i there: their q_j are added to
   lambda at once. The products v_i k_i' are summed over the sparsity first, so second derivatives are taken once a step. */

enum { LAYERS = 8 };

/* One row per slot. */
typedef struct { Stored lambda[N], c_bar[HOISTED + 1]; } Layer;

typedef struct {
    Stored v[STAGES][N]; /* until its stage is walked back, what the outputs put on it */
    Stored points[STAGES][N], q[CHAINED + 1][N], bar[N], weight[NONZEROS + DRIVEN + 1];
    Layer layers[LAYERS];
} Adjoint;

typedef struct {
    const Tape *tape; /* NULL: the slot is idle */
    int64_t lane, step, phase, opened_by;
    int64_t row[LAYERS], output[LAYERS]; /* of each layer: its row, or -1; its next output back in time */
    int on[LAYERS];                      /* whether the row takes part by now */
} Walk;

/* Where the next rows to walk back are: tape of the recording, rows of its lane already taken. */
typedef struct { int64_t tape, taken; } Place;

static const double *cotangent_of(const Job *job, int64_t row, int64_t output)
{
    return job->cotangent + (row * job->span + output - job->row_output[row]) * N;
}

static double *parameters_bar_of(const Job *job, int64_t row, int64_t phase)
{
    return job->parameters_bar + (row * job->phases + phase) * PARAMETERS;
}

/* Adjoints of the hoisted values become those of the parameters of the phase that is left. */
static void leave_phase(const Job *job, Adjoint *a, const Walk *walk, int l)
{
    if (walk->phase < 0) return;
    const double *p = job->parameters + (walk->lane * job->phases + walk->phase) * PARAMETERS;
    for (int k = 0; k < LAYERS; k++) {
        if (!walk->on[k]) continue;
        Stored *c_bar = a->layers[k].c_bar;
        hoist_pullback(p, (const double *)c_bar + l, parameters_bar_of(job, walk->row[k], walk->phase));
        for (int j = 0; j < HOISTED; j++) LANE(c_bar[j], l) = 0.0;
    }
}

/* The steps that the lanes have come to; false where there is none. A slot without a lane goes with another. */
static int enter_steps(const Job *job, Step *s, Adjoint *a, Walk *walks)
{
    const double *rows[W], *busy = NULL;
    for (int l = 0; l < W; l++) {
        Walk *walk = &walks[l];
        rows[l] = NULL;
        if (!walk->tape) continue;
        const double *row = busy = rows[l] = walk->tape->rows + ROW * walk->step;
        const int64_t phase = (int64_t)row[ROW_PHASE];
        if (phase != walk->phase) {
            leave_phase(job, a, walk, l);
            walk->phase = phase;
            hoist(job->parameters + (walk->lane * job->phases + phase) * PARAMETERS, (double *)s->c + l);
        }
        walk->opened_by = (int64_t)row[ROW_BREAK];
        LANE(s->t, l) = row[ROW_TIME];
        LANE(s->h, l) = row[ROW_STEP];
        LANE(s->low, l) = row[ROW_LOW];
        LANE(s->high, l) = row[ROW_HIGH];
    }
    if (!busy) return 0;
    for (int l = 0; l < W; l++)
        if (!rows[l]) rows[l] = busy;
    for (int i = 0; i < N; i++) {
        V y;
        UNROLLED for (int l = 0; l < W; l++) LANE(y, l) = rows[l][ROW_STATE + i];
        s->y[i] = y;
    }
    return 1;
}

/* Whether the row of layer k has an output in the step that starts at a time, or after it. */
static int has_output(const Job *job, const Walk *walk, int k, double start)
{
    const int64_t output = walk->output[k];
    if (walk->row[k] < 0 || output < job->row_output[walk->row[k]]) return 0;
    return job->times[walk->lane * job->outputs + output] > start;
}

static void finish_walk(const Job *job, Adjoint *a, Walk *walk, int l)
{
    leave_phase(job, a, walk, l);
    for (int k = 0; k < LAYERS; k++) {
        const int64_t row = walk->row[k];
        if (row < 0) continue;
        double *to = job->state_bar + row * N;
        for (int i = 0; i < N; i++) to[i] = walk->on[k] ? LANE(a->layers[k].lambda[i], l) : 0.0;
        for (int64_t output = walk->output[k]; output >= job->row_output[row]; output--) {
            const double *from = cotangent_of(job, row, output);
            for (int i = 0; i < N; i++) to[i] += from[i];
        }
    }
    walk->tape = NULL;
}

/* How many outputs a lane has come to. */
static int64_t outputs_of(const Job *job, const Tape *tape)
{
    const double *times = job->times + tape->lane * job->outputs;
    const double end = tape->count ? tape->rows[ROW * (tape->count - 1) + ROW_END] : job->switches[tape->lane * job->phases];
    int64_t count = job->outputs;
    while (count > 0 && times[count - 1] > end) count--;
    return count;
}

static void start_walk(const Job *job, Adjoint *a, Walk *walk, const Recording *recording, Place *next, int l)
{
    for (;;) {
        walk->tape = NULL;
        walk->phase = -1;
        for (int k = 0; k < LAYERS; k++) {
            walk->row[k] = -1;
            walk->on[k] = 0;
        }
        if (next->tape == recording->end - recording->first) return;
        walk->tape = &recording->tapes[next->tape];
        walk->lane = walk->tape->lane;
        walk->step = walk->tape->count - 1;
        const int64_t outputs = outputs_of(job, walk->tape);
        const int64_t first = job->rows_begin[walk->lane], count = job->rows_begin[walk->lane + 1] - first;
        for (int k = 0; k < LAYERS && next->taken < count; k++) {
            const Row *row = &job->sorted[first + next->taken++];
            walk->row[k] = row->row;
            walk->output[k] = row->last < outputs ? row->last : outputs - 1;
        }
        while (walk->step >= 0 && !has_output(job, walk, 0, walk->tape->rows[ROW * walk->step])) walk->step--;
        if (next->taken == count) {
            next->tape++;
            next->taken = 0;
        }
        if (walk->step >= 0) return;
        finish_walk(job, a, walk, l);
    }
}

/* Let the rows of layer k in whose last output lies in this step; whether any of them takes part. */
static int take_part(const Job *job, const Step *s, Adjoint *a, Walk *walks, int k)
{
    Layer *layer = &a->layers[k];
    int any = 0;
    for (int l = 0; l < W; l++) {
        if (!walks[l].on[k] && has_output(job, &walks[l], k, LANE(s->t, l))) {
            walks[l].on[k] = 1;
            for (int i = 0; i < N; i++) LANE(layer->lambda[i], l) = 0.0;
            for (int j = 0; j < HOISTED; j++) LANE(layer->c_bar[j], l) = 0.0;
        }
        any |= walks[l].on[k];
    }
    return any;
}

/* Adjoints that the requested outputs put on the stages, and (bar) on the state at the start of this step. */
static void seed_stages(const Job *job, const Step *s, Adjoint *a, Walk *walks, int k)
{
    for (int first = 1;; first = 0) {
        V x = {0}, weights[STAGES], bar[N];
        int wanted[W], any = 0;
        for (int l = 0; l < W; l++) {
            const Walk *walk = &walks[l];
            wanted[l] = has_output(job, walk, k, LANE(s->t, l));
            const double time = wanted[l] ? job->times[walk->lane * job->outputs + walk->output[k]] : LANE(s->t, l);
            LANE(x, l) = (time - LANE(s->t, l)) / LANE(s->h, l);
            any |= wanted[l];
        }
        if (!any && !first) return;
        for (int i = 0; i < N; i++) bar[i] = all(0.0);
        for (int l = 0; l < W; l++) {
            if (!wanted[l]) continue;
            const double *from = cotangent_of(job, walks[l].row[k], walks[l].output[k]--);
            for (int i = 0; i < N; i++) LANE(bar[i], l) = from[i];
        }
        dense_weights(x, weights);
        if (first) {
            for (int i = 0; i < N; i++) a->bar[i] = bar[i];
            for (int j = 0; j < STAGES; j++)
                for (int i = 0; i < N; i++) a->v[j][i] = weights[j] * bar[i];
        } else {
            for (int i = 0; i < N; i++) {
                a->bar[i] += bar[i];
                for (int j = 0; j < STAGES; j++) a->v[j][i] += weights[j] * bar[i];
            }
        }
    }
}

static void layer_back(const Job *job, Step *s, Adjoint *a, Walk *walks, int k)
{
    Layer *layer = &a->layers[k];
    seed_stages(job, s, a, walks, k);
    const V rate = 1.0 / s->h;
    for (int stage = STAGES - 1; stage >= 0; stage--) {
        Stored *q = a->q[stage < CHAINED ? stage : CHAINED];
        collect(stage, rate, layer->lambda, (const Stored(*)[N])a->q, a->v);
        solve_transposed(MINE(s->matrix), s->h, a->v[stage]);
        pullback(a->points[stage], s->c, inside(s, s->t + NODES[stage] * s->h), a->v[stage], s->scratch, q,
                 layer->c_bar);
        if (stage >= CHAINED)
            for (int i = 0; i < N; i++) layer->lambda[i] += q[i];
    }
    for (int e = 0; e < NONZEROS;) { /* column by column, so that what its entries share is read once */
        const int column = PATTERN_COLUMN[e];
        V stages[STAGES];
        UNROLLED for (int j = 0; j < STAGES; j++) stages[j] = s->k[j][column];
        for (; e < NONZEROS && PATTERN_COLUMN[e] == column; e++) {
            V sum = {0};
            UNROLLED for (int j = 0; j < STAGES; j++) sum += a->v[j][PATTERN_ROW[e]] * stages[j];
            a->weight[e] = sum;
        }
    }
    for (int d = 0; d < DRIVEN; d++) {
        V sum = {0};
        for (int j = 0; j < STAGES; j++) sum += TIME[j] * a->v[j][DRIVEN_ROW[d]];
        a->weight[NONZEROS + d] = sum * s->h;
    }
    curvature(s->y, s->c, inside(s, s->t), a->weight, s->scratch, a->q[CHAINED], layer->c_bar);
    for (int i = 0; i < N; i++) {
        V sum = layer->lambda[i] + a->bar[i];
        UNROLLED for (int j = 0; j <= CHAINED; j++) sum += a->q[j][i];
        layer->lambda[i] = sum;
    }
}

/* A rate law that switches at time a moves the solution by (f before a - f after a) da. */
static void step_over_breaks(const Job *job, Step *s, const Adjoint *a, const Walk *walks)
{
    int any = 0;
    for (int l = 0; l < W; l++) any |= walks[l].tape && walks[l].opened_by >= 0;
    if (!any) return;
    derivative(s->y, s->c, s->t - (s->low - s->t), s->scratch, s->f);
    give(s->f);
    give(s->start);
    for (int k = 0; k < LAYERS; k++) {
        V slope = {0};
        for (int i = 0; i < N; i++) slope += a->layers[k].lambda[i] * (s->f[i] - s->start[i]);
        for (int l = 0; l < W; l++) {
            const Walk *walk = &walks[l];
            if (!walk->on[k] || walk->opened_by < 0) continue;
            const double *p = job->parameters + (walk->lane * job->phases + walk->phase) * PARAMETERS;
            double at_bar[BREAKS + 1] = {0};
            at_bar[walk->opened_by] = LANE(slope, l);
            breaks_pullback(p, at_bar, parameters_bar_of(job, walk->row[k], walk->phase));
        }
    }
}

static void step_back(const Job *job, Step *s, Adjoint *a, Walk *walks)
{
    linearise(s->y, s->c, inside(s, s->t), s->scratch, s->start, MINE(s->jacobian), s->push);
    copy(a->points[0], s->y, N);
    attempt(s, a->points);
    for (int k = 0; k < LAYERS; k++)
        if (take_part(job, s, a, walks, k)) layer_back(job, s, a, walks, k);
    if (BREAKS) step_over_breaks(job, s, a, walks);
}

static void walk_back(const Job *job, Step *s, Adjoint *a, const Recording *recording)
{
    Walk walks[W];
    Place next = {0};
    s->t = all(0.0);
    s->h = all(1.0);
    for (int l = 0; l < W; l++) start_walk(job, a, &walks[l], recording, &next, l);
    for (;;) {
        TOGETHER;
        if (!enter_steps(job, s, a, walks)) return;
        step_back(job, s, a, walks);
        for (int l = 0; l < W; l++) {
            Walk *walk = &walks[l];
            if (!walk->tape || --walk->step >= 0) continue;
            finish_walk(job, a, walk, l);
            start_walk(job, a, walk, recording, &next, l);
        }
    }
}
