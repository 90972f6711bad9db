/* The gradient: the discrete adjoint of the steps that were taken, step sizes held.

   Lanes are integrated once more in small groups, which records time, step size and state of every
   accepted step; then the slots walk each lane's tape backwards. With lambda the adjoint of the new
   state, v_i = W^-T u_i for the last stage first,

       u_i    = LAST_i lambda + (weight of k_i in the outputs of this step) + sum_{j > i} (A_ji q_j + C_ji v_j / h)
       q_j    = J(point_j)' v_j            (with it come the adjoints of the hoisted values)
       lambda = lambda + (cotangents of the outputs) + sum_i q_i + d/dy <J(y), sum_i v_i k_i'> + h TIME_i v_i' f_ty

   The products v_i k_i' are summed over the sparsity first, so second derivatives are taken once a step. */

typedef struct {
    V seed[STAGES][N], points[STAGES][N], v[STAGES][N];
    V lambda[N], q[N], c_bar[HOISTED + 1], weight[NONZEROS + DRIVEN + 1];
} Adjoint;

typedef struct { int64_t lane, row, output, phase, opened_by; } Walk;

/* Adjoints of the hoisted values become those of the parameters of the phase that is left. */
static void leave_phase(const Job *job, Adjoint *a, const Walk *walk, int l)
{
    if (walk->phase < 0) return;
    const int64_t place = (walk->lane * job->phases + walk->phase) * PARAMETERS;
    hoist_pullback(job->parameters + place, (const double *)a->c_bar + l, job->parameters_bar + place);
}

static void enter_row(const Job *job, Step *s, Adjoint *a, Walk *walk, const Tape *tape, int l)
{
    const double *row = tape->rows + ROW * walk->row;
    const int64_t phase = (int64_t)row[ROW_PHASE];
    if (phase != walk->phase) {
        leave_phase(job, a, walk, l);
        walk->phase = phase;
        hoist(job->parameters + (walk->lane * job->phases + phase) * PARAMETERS, (double *)s->c + l);
        for (int j = 0; j < HOISTED; j++) a->c_bar[j][l] = 0.0;
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
    double *to = job->state_bar + walk->lane * N;
    for (int i = 0; i < N; i++) to[i] = a->lambda[i][l];
    for (; walk->output >= 0; walk->output--) {
        const double *from = job->cotangent + (walk->lane * job->outputs + walk->output) * N;
        for (int i = 0; i < N; i++) to[i] += from[i];
    }
    walk->lane = -1;
}

static void start_walk(const Job *job, Step *s, Adjoint *a, Walk *walk, Recording *recording, int l)
{
    for (;;) {
        const int64_t i = recording->next < recording->end ? recording->next++ : -1;
        *walk = (Walk){.lane = i, .phase = -1};
        if (i < 0) return;
        const Tape *tape = &recording->tapes[i - recording->first];
        walk->output = tape->outputs - 1;
        walk->row = tape->count - 1;
        for (int j = 0; j < N; j++) a->lambda[j][l] = 0.0;
        if (walk->row >= 0) {
            enter_row(job, s, a, walk, tape, l);
            return;
        }
        finish_walk(job, a, walk, l);
    }
}

/* Adjoints that the requested outputs put on the stages and on the state of this step. */
static void seed_stages(const Job *job, const Step *s, Adjoint *a, Walk *walks)
{
    for (int j = 0; j < STAGES; j++)
        for (int i = 0; i < N; i++) a->seed[j][i] = LAST[j] * a->lambda[i];
    for (;;) {
        V x = {0}, weights[STAGES], bar[N];
        int wanted[W], any = 0;
        for (int l = 0; l < W; l++) {
            const double *times = job->times + walks[l].lane * job->outputs;
            wanted[l] = walks[l].lane >= 0 && walks[l].output >= 0 && times[walks[l].output] > s->t[l];
            x[l] = wanted[l] ? (times[walks[l].output] - s->t[l]) / s->h[l] : 0.0;
            any |= wanted[l];
        }
        if (!any) return;
        memset(bar, 0, sizeof bar);
        for (int l = 0; l < W; l++) {
            if (!wanted[l]) continue;
            const double *from = job->cotangent + (walks[l].lane * job->outputs + walks[l].output--) * N;
            for (int i = 0; i < N; i++) bar[i][l] = from[i];
        }
        dense_weights(x, weights);
        for (int i = 0; i < N; i++) {
            a->lambda[i] += bar[i];
            for (int j = 0; j < STAGES; j++) a->seed[j][i] += weights[j] * bar[i];
        }
    }
}

static void step_back(const Job *job, Step *s, Adjoint *a, Walk *walks)
{
    linearise(s->y, s->c, inside(s, s->t), s->scratch, s->start, s->jacobian, s->push);
    attempt(s, a->points);
    memcpy(a->points[0], s->y, sizeof s->y);
    seed_stages(job, s, a, walks);
    const V rate = 1.0 / s->h;
    for (int stage = STAGES - 1; stage >= 0; stage--) {
        solve_transposed(s->matrix, a->seed[stage], a->v[stage]);
        pullback(a->points[stage], s->c, inside(s, s->t + NODES[stage] * s->h), a->v[stage], s->scratch, a->q, a->c_bar);
        for (int i = 0; i < N; i++) a->lambda[i] += a->q[i];
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
    curvature(s->y, s->c, inside(s, s->t), a->weight, s->scratch, a->q, a->c_bar);
    for (int i = 0; i < N; i++) a->lambda[i] += a->q[i];
}

/* A rate law that switches at time a moves the solution by (f before a - f after a) da. */
static void step_over_breaks(const Job *job, Step *s, const Adjoint *a, const Walk *walks)
{
    int any = 0;
    for (int l = 0; l < W; l++) any |= walks[l].lane >= 0 && walks[l].opened_by >= 0;
    if (!any) return;
    V slope = {0};
    derivative(s->y, s->c, s->t - (s->low - s->t), s->scratch, s->f);
    give(s->f);
    give(s->start);
    for (int i = 0; i < N; i++) slope += a->lambda[i] * (s->f[i] - s->start[i]);
    for (int l = 0; l < W; l++) {
        const Walk *walk = &walks[l];
        if (walk->lane < 0 || walk->opened_by < 0) continue;
        const int64_t place = (walk->lane * job->phases + walk->phase) * PARAMETERS;
        double at_bar[BREAKS + 1] = {0};
        at_bar[walk->opened_by] = slope[l];
        breaks_pullback(job->parameters + place, at_bar, job->parameters_bar + place);
    }
}

static void walk_back(const Job *job, Step *s, Adjoint *a, Recording *recording)
{
    Walk walks[W];
    recording->next = recording->first;
    for (int l = 0; l < W; l++) {
        s->t[l] = 0.0;
        s->h[l] = 1.0;
        start_walk(job, s, a, &walks[l], recording, l);
    }
    for (;;) {
        int busy = 0;
        for (int l = 0; l < W; l++) busy |= walks[l].lane >= 0;
        if (!busy) return;
        step_back(job, s, a, walks);
        if (BREAKS) step_over_breaks(job, s, a, walks);
        for (int l = 0; l < W; l++) {
            Walk *walk = &walks[l];
            if (walk->lane < 0) continue;
            if (--walk->row >= 0) {
                enter_row(job, s, a, walk, &recording->tapes[walk->lane - recording->first], l);
            } else {
                finish_walk(job, a, walk, l);
                start_walk(job, s, a, walk, recording, l);
            }
        }
    }
}

/* Group by group: record, then walk back. */
static int differentiate(Job *job, Step *s)
{
    enum { GROUP = 4 * W };
    Adjoint *a = workspace(sizeof(Adjoint));
    Tape tapes[GROUP] = {{0}};
    int good = a != NULL;
    while (good) {
        const int64_t first = atomic_fetch_add(&job->next, GROUP);
        if (first >= job->lanes) break;
        Recording recording = {.tapes = tapes, .first = first, .next = first};
        recording.end = first + GROUP < job->lanes ? first + GROUP : job->lanes;
        for (int i = 0; i < GROUP; i++) tapes[i].count = 0;
        good = integrate(job, s, &recording);
        if (good) walk_back(job, s, a, &recording);
    }
    for (int i = 0; i < GROUP; i++) free(tapes[i].rows);
    free(a);
    return good;
}
