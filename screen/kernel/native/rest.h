/* Rest states: Newton's method near one.

   With P the total amounts that no reaction changes, y is at rest where f(y) = 0 and P y = P y0. Both follow
   from steps (s - J) d = f with a rate s that is small against every rate of the network: such a step changes no
   total, and s - J is regular where J is not. */

enum { NEWTON = 12 };

static int any_of(I mask)
{
    int any = 0;
    for (int l = 0; l < W; l++) any |= LANE(mask, l) != 0;
    return any;
}

/* Put a lane of the job into slot l. */
static void take_lane(const Job *job, Step *s, int64_t lane, int l)
{
    for (int i = 0; i < N; i++) LANE(s->y[i], l) = job->state[lane * N + i];
    hoist(job->parameters + lane * PARAMETERS, (double *)s->c + l);
}

static void balance(const Job *job, Step *s)
{
    const V time = all(job->time);
    linearise(s->y, s->c, time, s->scratch, s->start, MINE(s->jacobian), s->push);
    give(s->start);
    factorise(MINE(s->jacobian), all(job->rate), all(-1.0), MINE(s->matrix));
}

/* Whether an odd number of modes grow: then the product of the pivots is negative. */
static I grows(const Step *s)
{
    V sign = all(1.0);
    for (int p = 0; p < PIVOTS; p++) sign = choose(AT(MINE(s->matrix), PIVOT[p]) < 0.0, -sign, sign);
    return sign < 0.0;
}

/* A lane is at rest if it hardly moves from where it is until the steps vanish, and does not leave from there. Steps that
   go on after half of them, and are no more than rounding leaves, have vanished too. */
static void settle(const Job *job, Step *s, I *rested)
{
    I going = NOT(NONE);
    copy(s->z, s->y, N);
    clear(s->g, N);
    *rested = NONE;
    for (int k = 0; k < NEWTON; k++) {
        balance(job, s);
        solve(MINE(s->matrix), all(1.0), s->start, s->g, s->k[0]);
        I moves = NONE, far = NONE;
        V lost = {0};
        for (int i = 0; i < N; i++) lost = v_max(lost, ROUNDING * v_abs(s->y[i]));
        for (int i = 0; i < N; i++) {
            const V step = s->k[0][i], next = s->y[i] + step, left = k < NEWTON / 2 ? all(0.0) : lost;
            moves |= NOT(v_abs(step) <= 1e-8 * v_abs(next) + 1e-2 * job->atol * SCALE[i] + left);
            far |= NOT(v_abs(next - s->z[i]) <= job->tolerance * (v_abs(next) + 1e3 * job->atol * SCALE[i]) + lost);
            s->y[i] = choose(going, next, s->y[i]);
        }
        *rested |= going & NOT(moves) & NOT(far) & NOT(grows(s));
        going &= moves;
        if (!any_of(going)) return;
    }
}

/* Newton for every lane: where it is at rest, the state and 1; elsewhere the state it came with, and 0. */
static void settle_lanes(const Job *job, Step *s)
{
    for (;;) {
        const int64_t first = take_next(job->next, W);
        if (first >= job->lanes) return;
        I rested;
        for (int l = 0; l < W; l++) take_lane(job, s, first + l < job->lanes ? first + l : first, l);
        settle(job, s, &rested);
        for (int l = 0; l < W && first + l < job->lanes; l++) {
            const int64_t lane = first + l;
            const int good = LANE(rested, l) != 0;
            job->status[lane] = good;
            for (int i = 0; i < N; i++) job->states[lane * N + i] = good ? LANE(s->y[i], l) : job->state[lane * N + i];
        }
    }
}
