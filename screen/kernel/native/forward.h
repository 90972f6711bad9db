/* Lanes through time: each slot of the vector carries one trajectory; when it ends, the next one of the
   batch takes the slot. No lane's arithmetic depends on its slot or its neighbours. */

#define INSET 8.9e-16

/* Note an accepted step that ends at a time. False when a tape is full; of what a solve keeps, no more is then kept. */
static int note_step(const Job *job, const Step *s, int l, const Lane *lane, double end)
{
    Tape *tape = lane->tape;
    if (lane->accepted >= (tape ? tape->capacity : job->room)) return !tape;
    double *row = lane->rows + ROW * lane->accepted;
    if (tape) tape->count++;
    row[ROW_TIME] = LANE(s->t, l);
    row[ROW_STEP] = LANE(s->h, l);
    row[ROW_END] = end;
    row[ROW_PHASE] = (double)lane->phase;
    row[ROW_BREAK] = lane->t == lane->start ? lane->opened_by : -1;
    row[ROW_LOW] = LANE(s->low, l);
    row[ROW_HIGH] = LANE(s->high, l);
    for (int i = 0; i < N; i++) row[ROW_STATE + i] = LANE(s->y[i], l);
    return 1;
}

/* Find the next stretch of time that is not empty; at a new phase, load its constants. */
static void open_stretch(const Job *job, Step *s, Lane *lane, int l)
{
    const double *switches = job->switches + lane->lane * job->phases;
    lane->opened_by = -1;
    for (int b = 0; b < BREAKS; b++)
        if (lane->t < lane->phase_end && lane->breaks[b] == lane->t) lane->opened_by = b;
    while (lane->t >= lane->phase_end && lane->phase + 1 < job->phases) {
        const double *p = job->parameters + (lane->lane * job->phases + ++lane->phase) * PARAMETERS;
        const int last = lane->phase + 1 == job->phases;
        lane->phase_end = last ? lane->end : s_min(switches[lane->phase + 1], lane->end);
        if (lane->t >= lane->phase_end && !last) continue;
        hoist(p, (double *)s->c + l);
        breaks(p, lane->breaks);
    }
    lane->start = lane->t;
    lane->stop = lane->phase_end;
    for (int b = 0; b < BREAKS; b++)
        if (lane->breaks[b] > lane->t && lane->breaks[b] < lane->stop) lane->stop = lane->breaks[b];
#if EVENTS
    for (const Pending *due = s->schedule[l].queue; due < s->schedule[l].queue + s->schedule[l].pending; due++)
        if (due->time > lane->t && due->time < lane->stop) lane->stop = due->time;
#endif
    const double inset = INSET * s_max(fabs(lane->start), fabs(lane->stop));
    LANE(s->low, l) = lane->start + inset;
    LANE(s->high, l) = lane->stop - inset;
    lane->fresh = 1;
}

/* Where a lane's next output goes, and the stored ones of its species there. */
static inline double *output_of(const Job *job, const Lane *lane)
{
    return job->states + (lane->lane * job->outputs + lane->output) * job->columns;
}

static inline void store(const Job *job, const Lane *lane, const double *y)
{
    double *to = output_of(job, lane);
    for (int64_t c = 0; c < job->columns; c++) to[c] = y[job->stored[c]];
}

static void close_lane(const Job *job, Lane *lane, int status)
{
    const int64_t i = lane->lane;
    if (!lane->tape) {
        double *rest = output_of(job, lane);
        for (int64_t j = 0; j < (job->outputs - lane->output) * job->columns; j++) rest[j] = NAN;
        job->status[i] = status;
        job->accepted[i] = (int32_t)lane->accepted;
        job->rejected[i] = (int32_t)lane->rejected;
        job->reached[i] = lane->t;
    }
    lane->lane = -1;
}

#if EVENTS /* both in event_steps.h */
static void cut_step(const Job *job, Step *s, Lane *lane, int l);
static int happen_here(const Job *job, Step *s, Lane *lane, int l);
#endif

/* Put the next lane of the batch into slot l; the slot idles when there is none. */
static void load_lane(const Job *job, Step *s, Lane *lane, int l, Recording *recording)
{
    const int64_t end = recording ? recording->end : job->lanes;
    for (;;) {
        const int64_t place = recording ? recording->next++ : take_next(job->next, 1);
        if (place >= end) { lane->lane = -1; return; }
        const int64_t i = recording ? job->order[place] : place;
        const double *times = job->times + i * job->outputs;
        const Lane fresh = {.lane = i, .phase = -1, .outputs = job->outputs, .last_error = 1.0};
        *lane = fresh;
        if (recording) {
            lane->tape = &recording->tapes[place - recording->first];
            lane->outputs = job->sorted[job->rows_begin[i]].last + 1;
        }
        lane->rows = recording ? lane->tape->rows : kept_rows(job, i);
        lane->t = job->switches[i * job->phases];
        lane->end = times[job->outputs - 1];
        lane->phase_end = lane->t;
        for (int j = 0; j < N; j++) LANE(s->y[j], l) = job->state[i * N + j];
#if EVENTS
        start_schedule(&s->schedule[l]);
        if (!happen_here(job, s, lane, l)) {
            close_lane(job, lane, MAX_STEPS);
            continue;
        }
#endif
        while (lane->output < lane->outputs && times[lane->output] <= lane->t) {
            if (!recording) store(job, lane, job->state + i * N);
            lane->output++;
        }
        if (lane->output < lane->outputs) {
            open_stretch(job, s, lane, l);
            return;
        }
        close_lane(job, lane, OK);
    }
}

/* First step of a stretch: the local error d1 h (L h)^5 should be small, with L = |J f| / |f|. */
static void first_steps(const Job *job, Step *s, Lane *lanes)
{
    V d0 = {0}, d1 = {0}, d2 = {0};
    clear(s->g, N);
    for (int e = 0; e < NONZEROS; e++) s->g[PATTERN_ROW[e]] += AT(MINE(s->jacobian), e) * s->start[PATTERN_COLUMN[e]];
    for (int i = 0; i < N; i++) {
        const V scale = 1.0 / (job->atol * SCALE[i] + job->rtol * v_abs(s->y[i]));
        const V a = s->y[i] * scale, b = s->start[i] * scale, c = s->g[i] * scale;
        d0 += a * a;
        d1 += b * b;
        d2 += c * c;
    }
    for (int l = 0; l < W; l++) {
        if (lanes[l].lane < 0 || !lanes[l].fresh) continue;
        const double span = lanes[l].stop - lanes[l].t;
        const double size = sqrt(LANE(d0, l) / N), speed = sqrt(LANE(d1, l) / N), bend = sqrt(LANE(d2, l) / N);
        double h = span;
        if (speed > 0) h = s_min(h, s_max(size, 1.0) / speed);
        if (speed > 0 && bend > 0) h = s_min(h, pow(0.01 / (speed * pow(bend / speed, 5)), 1.0 / 6));
        if (job->first_step > 0) h = s_min(h, job->first_step);
        lanes[l].h = h > 0 ? h : 1e-6 * span;
        lanes[l].fresh = 0;
        lanes[l].last_error = 1.0;
        lanes[l].rejecting = 0;
    }
}

/* Step sizes for this attempt: never past the end of the stretch, and onto it when it is near. */
static void choose_steps(Step *s, const Lane *lanes)
{
    for (int l = 0; l < W; l++) {
        const double left = lanes[l].stop - lanes[l].t;
        const int idle = lanes[l].lane < 0;
        LANE(s->t, l) = idle ? 0.0 : lanes[l].t;
        LANE(s->h, l) = idle ? 1.0 : lanes[l].h < 0.999 * left ? lanes[l].h : left;
    }
}

/* The last stage makes the new state of its point, and is its error. */
static V new_state(const Job *job, Step *s)
{
    V sum = {0};
    for (int i = 0; i < N; i++) {
        const V last = s->k[STAGES - 1][i], z = s->z[i] + last;
        const V e = last * rough_reciprocal(job->atol * SCALE[i] + job->rtol * v_max(v_abs(s->y[i]), v_abs(z)));
        s->z[i] = z;
        sum += e * e;
    }
    return v_root(sum / (double)N);
}

/* Whether the next output of a lane lies in the step it has made. */
static inline int passes_output(const Job *job, const Lane *lane)
{
    const double *times = job->times + lane->lane * job->outputs;
    if (lane->output >= lane->outputs || times[lane->output] > lane->t) return 0;
#if EVENTS
    if (lane->eventful && times[lane->output] >= lane->t) return 0;
#endif
    return 1;
}

/* Dense output of the lanes that want it, at the next time of each; f serves to put a row of them together. */
static void outputs_here(const Job *job, Step *s, const Lane *lanes, const int *wanted)
{
    V x = s->t, weights[STAGES];
    for (int l = 0; l < W; l++)
        if (wanted[l]) LANE(x, l) = job->times[lanes[l].lane * job->outputs + lanes[l].output];
    dense_weights((x - s->t) / s->h, weights);
    for (int64_t c = 0; c < job->columns; c++) {
        const int32_t i = job->stored[c];
        V value = s->y[i], other = weights[0] * s->k[0][i]; /* two sums, which do not wait for each other */
        UNROLLED for (int j = 1; j + 1 < STAGES; j += 2) {
            value += weights[j] * s->k[j][i];
            other += weights[j + 1] * s->k[j + 1][i];
        }
        s->f[c] = value + other + weights[STAGES - 1] * s->k[STAGES - 1][i];
    }
    for (int l = 0; l < W; l++) {
        if (!wanted[l]) continue;
        double *to = output_of(job, &lanes[l]);
        for (int64_t c = 0; c < job->columns; c++) to[c] = LANE(s->f[c], l);
    }
}

/* Dense output of every lane that passed requested times in this step. */
static void write_outputs(const Job *job, Step *s, Lane *lanes, const int *passed, int recording)
{
    int wanted[W], any = 0;
    for (int l = 0; l < W; l++) any |= wanted[l] = passed[l] && passes_output(job, &lanes[l]);
    while (any) {
        if (!recording) outputs_here(job, s, lanes, wanted);
        any = 0;
        for (int l = 0; l < W; l++) {
            if (!wanted[l]) continue;
            lanes[l].output++;
            any |= wanted[l] = passes_output(job, &lanes[l]);
        }
    }
}

/* Why a lane cannot go on, or OK. */
static int failure(const Job *job, const Step *s, const Lane *lane, int l, double error)
{
    if (lane->accepted + lane->rejected >= job->max_steps) return MAX_STEPS;
    if (!lane->rejecting && lane->t >= lane->stop) return OK;
    if (!isfinite(error))
        for (int i = 0; i < N; i++)
            if (!isfinite(LANE(s->y[i], l)) || !isfinite(LANE(s->start[i], l))) return NON_FINITE;
    const double smallest = 2e-15 * fabs(lane->t) + 1e-22 * (lane->stop - lane->start);
    if (lane->h > smallest) return OK;
    return isfinite(error) ? STEP_UNDERFLOW : NON_FINITE;
}

/* PI control: shrink by the error of this step, damped by the error of the last one. */
static void control(Lane *lane, double h, double error, double factor)
{
    if (error <= 1.0) {
        lane->h = h * s_min(s_max(factor, 0.2), lane->rejecting ? 1.0 : GROWTH);
        lane->last_error = s_max(error, 1e-4);
        lane->rejecting = 0;
        lane->accepted++;
    } else {
        lane->h = h * (isfinite(error) ? s_max(SAFETY * pow(error, -1.0 / ORDER), 0.1) : 0.1);
        lane->rejecting = 1;
        lane->rejected++;
    }
}

/* All lanes of a job, or of a recording. False when a tape is full. */
static int integrate(const Job *job, Step *s, Recording *recording)
{
    Lane lanes[W];
    for (int l = 0; l < W; l++) load_lane(job, s, &lanes[l], l, recording);
    for (;;) {
        TOGETHER;
        int busy = 0, fresh = 0, passed[W];
        for (int l = 0; l < W; l++) {
            LANE(s->t, l) = lanes[l].lane < 0 ? 0.0 : lanes[l].t;
            busy |= lanes[l].lane >= 0;
            fresh |= lanes[l].lane >= 0 && lanes[l].fresh;
        }
        if (!busy) return 1;
        linearise(s->y, s->c, inside(s, s->t), s->scratch, s->start, MINE(s->jacobian), s->push);
        give(s->start);
        if (fresh) first_steps(job, s, lanes);
        choose_steps(s, lanes);
        attempt(s, NULL);
        const V error = new_state(job, s);
        V last;
        for (int l = 0; l < W; l++) LANE(last, l) = lanes[l].lane < 0 ? 1.0 : lanes[l].last_error;
        const V floor_error = v_max(error, all(1e-8));
        const V factor = SAFETY * rough_power(floor_error, -INTEGRAL) * rough_power(last, PROPORTIONAL);
        I accepted;
        for (int l = 0; l < W; l++) {
            Lane *lane = &lanes[l];
            passed[l] = 0;
            LANE(accepted, l) = 0;
            if (lane->lane < 0) continue;
            if (LANE(error, l) <= 1.0) {
                const double h = LANE(s->h, l), end = h == lane->stop - lane->t ? lane->stop : lane->t + h;
                if (lane->rows && !note_step(job, s, l, lane, end)) return 0;
                lane->t = end;
                passed[l] = 1;
                LANE(accepted, l) = -1;
#if EVENTS
                cut_step(job, s, lane, l);
#endif
            }
            control(lane, LANE(s->h, l), LANE(error, l), LANE(factor, l));
        }
        write_outputs(job, s, lanes, passed, recording != NULL);
        for (int i = 0; i < N; i++) s->y[i] = choose(accepted, s->z[i], s->y[i]);
        for (int l = 0; l < W; l++) {
            Lane *lane = &lanes[l];
            if (lane->lane < 0) continue;
            int status = OK;
#if EVENTS
            const int at_event = passed[l] && lane->eventful;
            if (at_event && !happen_here(job, s, lane, l)) status = MAX_STEPS;
#endif
            if (lane->output < lane->outputs) {
#if EVENTS
                if (status == OK) status = failure(job, s, lane, l, LANE(error, l));
                if (status == OK && at_event) lane->stop = lane->t;
#else
                status = failure(job, s, lane, l, LANE(error, l));
#endif
                if (status == OK) {
                    if (lane->t >= lane->stop) open_stretch(job, s, lane, l);
                    continue;
                }
            }
            close_lane(job, lane, status);
            load_lane(job, s, lane, l, recording);
        }
    }
}
