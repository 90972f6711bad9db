/* The gradient: the discrete adjoint of the steps that were taken, step sizes held.

   A row is one cotangent of one lane. Lanes are integrated once more in small groups, which records time,
   step size and state of every accepted step; then the slots walk each lane's tape backwards, up to LAYERS
   rows of the lane at once: the step is linearised, its stages and its factorisation are made once, and each
   layer of rows passes through them. A row takes part from the last of its outputs that is not 0.
   With lambda the adjoint of the new state, v_i = W^-T u_i for the last stage first,

       u_i    = LAST_i lambda + (weight of k_i in the outputs of this step) + sum_{j > i} (A_ji q_j + C_ji v_j / h)
       q_j    = J(point_j)' v_j            (with it come the adjoints of the hoisted values)
       lambda = lambda + (cotangents of the outputs) + sum_i q_i + d/dy <J(y), sum_i v_i k_i'> + h TIME_i v_i' f_ty

   The products v_i k_i' are summed over the sparsity first, so second derivatives are taken once a step. */

enum { LAYERS = 8 };

/* One row per slot. */
typedef struct {
    V lambda[N], c_bar[HOISTED + 1];
    int64_t row[W], output[W]; /* row -1: none; output: the next one back in time */
    int on[W];
} Layer;

typedef struct {
    V seed[STAGES][N], points[STAGES][N], v[STAGES][N], q[N], weight[NONZEROS + DRIVEN + 1];
    Layer layers[LAYERS];
} Adjoint;

typedef struct {
    const Tape *tape; /* NULL: the slot is idle */
    int64_t lane, step, phase, opened_by;
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
    for (Layer *layer = a->layers; layer < a->layers + LAYERS; layer++) {
        if (!layer->on[l]) continue;
        hoist_pullback(p, (const double *)layer->c_bar + l, parameters_bar_of(job, layer->row[l], walk->phase));
        for (int j = 0; j < HOISTED; j++) layer->c_bar[j][l] = 0.0;
    }
}

static void enter_step(const Job *job, Step *s, Adjoint *a, Walk *walk, int l)
{
    const double *row = walk->tape->rows + ROW * walk->step;
    const int64_t phase = (int64_t)row[ROW_PHASE];
    if (phase != walk->phase) {
        leave_phase(job, a, walk, l);
        walk->phase = phase;
        hoist(job->parameters + (walk->lane * job->phases + phase) * PARAMETERS, (double *)s->c + l);
    }
    walk->opened_by = (int64_t)row[ROW_BREAK];
    s->t[l] = row[ROW_TIME];
    s->h[l] = row[ROW_STEP];
    s->low[l] = row[ROW_LOW];
    s->high[l] = row[ROW_HIGH];
    for (int i = 0; i < N; i++) s->y[i][l] = row[ROW_STATE + i];
}

static void finish_walk(const Job *job, Adjoint *a, Walk *walk, int l)
{
    leave_phase(job, a, walk, l);
    for (Layer *layer = a->layers; layer < a->layers + LAYERS; layer++) {
        const int64_t row = layer->row[l];
        if (row < 0) continue;
        double *to = job->state_bar + row * N;
        for (int i = 0; i < N; i++) to[i] = layer->on[l] ? layer->lambda[i][l] : 0.0;
        for (int64_t output = layer->output[l]; output >= job->row_output[row]; output--) {
            const double *from = cotangent_of(job, row, output);
            for (int i = 0; i < N; i++) to[i] += from[i];
        }
        layer->row[l] = -1;
        layer->on[l] = 0;
    }
    walk->tape = NULL;
}

static void start_walk(const Job *job, Step *s, Adjoint *a, Walk *walk, const Recording *recording, Place *next, int l)
{
    for (;;) {
        *walk = (Walk){.phase = -1};
        if (next->tape == recording->end - recording->first) return;
        walk->tape = &recording->tapes[next->tape];
        walk->lane = walk->tape->lane;
        walk->step = walk->tape->count - 1;
        const int64_t first = job->rows_begin[walk->lane], count = job->rows_begin[walk->lane + 1] - first;
        for (int k = 0; k < LAYERS && next->taken < count; k++) {
            Layer *layer = &a->layers[k];
            const Row *row = &job->sorted[first + next->taken++];
            layer->row[l] = row->row;
            layer->output[l] = row->last < walk->tape->outputs ? row->last : walk->tape->outputs - 1;
        }
        if (next->taken == count) *next = (Place){.tape = next->tape + 1};
        if (walk->step >= 0) {
            enter_step(job, s, a, walk, l);
            return;
        }
        finish_walk(job, a, walk, l);
    }
}

/* Whether a row has an output in this step or after its start. */
static int has_output(const Job *job, const Step *s, const Layer *layer, const Walk *walks, int l)
{
    const int64_t output = layer->output[l];
    if (layer->row[l] < 0 || output < job->row_output[layer->row[l]]) return 0;
    return job->times[walks[l].lane * job->outputs + output] > s->t[l];
}

/* Let the rows in whose last output lies in this step; whether any row of the layer takes part. */
static int take_part(const Job *job, const Step *s, Layer *layer, const Walk *walks)
{
    int any = 0;
    for (int l = 0; l < W; l++) {
        if (!layer->on[l] && has_output(job, s, layer, walks, l)) {
            layer->on[l] = 1;
            for (int i = 0; i < N; i++) layer->lambda[i][l] = 0.0;
            for (int j = 0; j < HOISTED; j++) layer->c_bar[j][l] = 0.0;
        }
        any |= layer->on[l];
    }
    return any;
}

/* Adjoints that the requested outputs put on the stages and on the state of this step. */
static void seed_stages(const Job *job, const Step *s, Adjoint *a, Layer *layer, const Walk *walks)
{
    for (int j = 0; j < STAGES; j++)
        for (int i = 0; i < N; i++) a->seed[j][i] = LAST[j] * layer->lambda[i];
    for (;;) {
        V x = {0}, weights[STAGES], bar[N];
        int wanted[W], any = 0;
        for (int l = 0; l < W; l++) {
            wanted[l] = has_output(job, s, layer, walks, l);
            x[l] = wanted[l] ? (job->times[walks[l].lane * job->outputs + layer->output[l]] - s->t[l]) / s->h[l] : 0.0;
            any |= wanted[l];
        }
        if (!any) return;
        memset(bar, 0, sizeof bar);
        for (int l = 0; l < W; l++) {
            if (!wanted[l]) continue;
            const double *from = cotangent_of(job, layer->row[l], layer->output[l]--);
            for (int i = 0; i < N; i++) bar[i][l] = from[i];
        }
        dense_weights(x, weights);
        for (int i = 0; i < N; i++) {
            layer->lambda[i] += bar[i];
            for (int j = 0; j < STAGES; j++) a->seed[j][i] += weights[j] * bar[i];
        }
    }
}

static void layer_back(const Job *job, Step *s, Adjoint *a, Layer *layer, const Walk *walks)
{
    seed_stages(job, s, a, layer, walks);
    const V rate = 1.0 / s->h;
    for (int stage = STAGES - 1; stage >= 0; stage--) {
        solve_transposed(s->matrix, a->seed[stage], a->v[stage]);
        pullback(a->points[stage], s->c, inside(s, s->t + NODES[stage] * s->h), a->v[stage], s->scratch, a->q,
                 layer->c_bar);
        for (int i = 0; i < N; i++) layer->lambda[i] += a->q[i];
        spread(stage, rate, (const V *)a->v[stage], (const V *)a->q, a->seed);
    }
    for (int e = 0; e < NONZEROS; e++) {
        V sum = {0};
        for (int j = 0; j < STAGES; j++) sum += a->v[j][PATTERN_ROW[e]] * s->k[j][PATTERN_COLUMN[e]];
        a->weight[e] = sum;
    }
    for (int d = 0; d < DRIVEN; d++) {
        V sum = {0};
        for (int j = 0; j < STAGES; j++) sum += TIME[j] * a->v[j][DRIVEN_ROW[d]];
        a->weight[NONZEROS + d] = sum * s->h;
    }
    curvature(s->y, s->c, inside(s, s->t), a->weight, s->scratch, a->q, layer->c_bar);
    for (int i = 0; i < N; i++) layer->lambda[i] += a->q[i];
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
    for (const Layer *layer = a->layers; layer < a->layers + LAYERS; layer++) {
        V slope = {0};
        for (int i = 0; i < N; i++) slope += layer->lambda[i] * (s->f[i] - s->start[i]);
        for (int l = 0; l < W; l++) {
            const Walk *walk = &walks[l];
            if (!layer->on[l] || walk->opened_by < 0) continue;
            const double *p = job->parameters + (walk->lane * job->phases + walk->phase) * PARAMETERS;
            double at_bar[BREAKS + 1] = {0};
            at_bar[walk->opened_by] = slope[l];
            breaks_pullback(p, at_bar, parameters_bar_of(job, layer->row[l], walk->phase));
        }
    }
}

static void step_back(const Job *job, Step *s, Adjoint *a, const Walk *walks)
{
    linearise(s->y, s->c, inside(s, s->t), s->scratch, s->start, s->jacobian, s->push);
    attempt(s, a->points);
    memcpy(a->points[0], s->y, sizeof s->y);
    for (Layer *layer = a->layers; layer < a->layers + LAYERS; layer++)
        if (take_part(job, s, layer, walks)) layer_back(job, s, a, layer, walks);
    if (BREAKS) step_over_breaks(job, s, a, walks);
}

static void walk_back(const Job *job, Step *s, Adjoint *a, const Recording *recording)
{
    Walk walks[W];
    Place next = {0};
    for (int l = 0; l < W; l++) {
        s->t[l] = 0.0;
        s->h[l] = 1.0;
        for (int k = 0; k < LAYERS; k++) {
            a->layers[k].row[l] = -1;
            a->layers[k].on[l] = 0;
        }
    }
    for (int l = 0; l < W; l++) start_walk(job, s, a, &walks[l], recording, &next, l);
    for (;;) {
        int busy = 0;
        for (int l = 0; l < W; l++) busy |= walks[l].tape != NULL;
        if (!busy) return;
        step_back(job, s, a, walks);
        for (int l = 0; l < W; l++) {
            Walk *walk = &walks[l];
            if (!walk->tape) continue;
            if (--walk->step >= 0) {
                enter_step(job, s, a, walk, l);
            } else {
                finish_walk(job, a, walk, l);
                start_walk(job, s, a, walk, recording, &next, l);
            }
        }
    }
}

/* Tapes with most rows first, then the longest, so that neighbours end together. */
static int by_length(const void *one, const void *other)
{
    const Tape *a = one, *b = other;
    if (a->rows_of_lane != b->rows_of_lane) return a->rows_of_lane > b->rows_of_lane ? -1 : 1;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return a->lane < b->lane ? -1 : a->lane > b->lane;
}

/* Group by group: record, then walk back. */
static int differentiate(Job *job)
{
    enum { MOST = 16 * W };
    int64_t group = job->walked / job->threads;
    group = group < W ? W : group > MOST ? MOST : group;
    Step *s = workspace(sizeof(Step));
    Adjoint *a = workspace(sizeof(Adjoint));
    Tape tapes[MOST] = {{0}};
    int good = s && a;
    while (good) {
        const int64_t first = atomic_fetch_add(&job->next, group);
        if (first >= job->walked) break;
        Recording recording = {.tapes = tapes, .first = first, .next = first};
        recording.end = first + group < job->walked ? first + group : job->walked;
        for (int64_t i = first; i < recording.end; i++) {
            const int64_t lane = job->order[i];
            Tape *tape = &tapes[i - first];
            tape->lane = lane;
            tape->rows_of_lane = job->rows_begin[lane + 1] - job->rows_begin[lane];
            tape->count = 0;
        }
        good = integrate(job, s, &recording);
        qsort(tapes, recording.end - first, sizeof(Tape), by_length);
        if (good) walk_back(job, s, a, &recording);
    }
    for (int i = 0; i < MOST; i++) free(tapes[i].rows);
    free(a);
    free(s);
    return good;
}
